package main

import (
	"context"
	"net/http"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/rs/cors"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"

	"triwire.test/interop/pb/admin"
	"triwire.test/interop/pb/management"
)

// newGateway is the JSON wire: grpc-gateway as ZITADEL sets it up, in front of the gRPC port.
func newGateway(ctx context.Context, target, origin string) (http.Handler, error) {
	marshaler := &runtime.JSONPb{UnmarshalOptions: protojson.UnmarshalOptions{DiscardUnknown: true}}
	mux := runtime.NewServeMux(
		runtime.WithMarshalerOption(marshaler.ContentType(nil), marshaler),
		runtime.WithMarshalerOption(runtime.MIMEWildcard, marshaler),
		runtime.WithIncomingHeaderMatcher(incomingHeader),
		runtime.WithOutgoingHeaderMatcher(outgoingHeader),
	)
	connection, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	if err := management.RegisterManagementServiceHandler(ctx, mux, connection); err != nil {
		return nil, err
	}
	if err := admin.RegisterAdminServiceHandler(ctx, mux, connection); err != nil {
		return nil, err
	}
	browsers := cors.New(cors.Options{
		AllowedOrigins:   []string{origin},
		AllowedMethods:   []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete},
		AllowedHeaders:   []string{"authorization", "content-type", "accept", "accept-language", "x-zitadel-orgid"},
		AllowCredentials: true,
	})
	return browsers.Handler(mux), nil
}

// incomingHeader hands on the fields that the API defines under their own names, and HTTP's own ones as grpc-gateway does.
func incomingHeader(name string) (string, bool) {
	if strings.HasPrefix(strings.ToLower(name), "x-zitadel-") {
		return name, true
	}
	return runtime.DefaultHeaderMatcher(name)
}

// outgoingHeader hands on what is meant for caches under its own name, and what else there is as grpc-gateway does.
func outgoingHeader(name string) (string, bool) {
	if name == "cache-control" {
		return name, true
	}
	return runtime.MetadataHeaderPrefix + name, true
}
