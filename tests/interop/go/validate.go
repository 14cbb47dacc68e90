package main

import (
	"unicode/utf8"

	"triwire.test/interop/pb/policypb"
	"triwire.test/interop/pb/userpb"
)

// What a validator generated from the rules of the schema would do.

func validSecond(message string, factor secondFactor) error {
	if _, declared := policypb.SecondFactorType_name[int32(factor)]; !declared || factor == 0 {
		return invalid(message+".Type", "value must be one of the defined enum values and not in list [0]")
	}
	return nil
}

func validMulti(message string, factor multiFactor) error {
	if _, declared := policypb.MultiFactorType_name[int32(factor)]; !declared || factor == 0 {
		return invalid(message+".Type", "value must be one of the defined enum values and not in list [0]")
	}
	return nil
}

func validPasswordless(message string, value policypb.PasswordlessType) error {
	if _, declared := policypb.PasswordlessType_name[int32(value)]; !declared {
		return invalid(message+".PasswordlessType", "value must be one of the defined enum values")
	}
	return nil
}

func validTokenType(message string, value userpb.AccessTokenType) error {
	if _, declared := userpb.AccessTokenType_name[int32(value)]; !declared {
		return invalid(message+".AccessTokenType", "value must be one of the defined enum values")
	}
	return nil
}

func validLength(field, value string) error {
	if length := utf8.RuneCountInString(value); length < 1 || length > 200 {
		return invalid(field, "value length must be between 1 and 200 runes, inclusive")
	}
	return nil
}
