//! The lists of faults, legal variants and null targets, and the search by name.

// All of it: a new file of entries has no line here.
use super::*;

/// All faults.
pub static FAULTS: &[&Fault] = &[
    // Meaning
    &meaning::STORES_UNSPECIFIED,
    &meaning::DUPLICATE_ADD_OK,
    &meaning::SKIPS_AUTH_ON_GRPC_WEB,
    &meaning::SEPARATE_STATE_PER_WIRE,
    // Races
    &races::RACING_ADDS_ALL_WIN,
    &races::RACING_WIRES_BOTH_WIN,
    &races::RACING_ADDS_LISTED_TWICE,
    &races::RACING_CONFLICT_IS_INTERNAL,
    &races::RACING_ADD_IS_LOST,
    &races::RACING_WRITES_SHARE_SEQUENCE,
    &races::RACING_CREATIONS_ALL_WIN,
    // State
    &state_factors::ADD_NEVER_LISTED,
    &state_factors::LISTS_ALTERNATE,
    &state_factors::ADD_NEVER_IN_POLICY,
    &state_factors::DUPLICATE_CHECK_LAGS,
    &state_factors::REFUSED_ADD_WRITES,
    &state_factors::REMOVE_TAKES_ALL,
    &state_factors::EMPTIED_LIST_INHERITS,
    &state_factors::REMOVE_ABSENT_OK,
    &state_factors::REMOVED_FOR_EVER,
    &state_factors::READDED_LISTED_TWICE,
    &state_factors::SHARED_NUMBERS,
    &state_factors::MULTI_REMOVAL_TAKES_BOTH,
    &state_factors::DUPLICATE_MULTI_OK,
    &state_factors::MULTI_TAKES_SECOND,
    &state_reads::POLICY_KEEPS_FIRST_SEQUENCE,
    &state_reads::CREATION_DATE_MOVES,
    &state_reads::SEQUENCE_REPEATS,
    &state_reads::SEQUENCE_OF_EACH_WIRE,
    &state_reads::REMOVALS_AN_HOUR_BACK,
    &state_reads::LISTS_GO_BACK,
    &state_reads::TOTAL_COUNTS_REMOVED,
    &state_reads::OUTER_IS_DEFAULT_NEVER_SET,
    &state_policy::RESET_LEAVES_FACTORS,
    &state_policy::CREATION_LIST_IGNORED,
    &state_policy::REFUSED_CREATION_STAYS,
    &state_policy::CREATION_LISTS_TWICE,
    &state_policy::UPDATE_DROPS_FACTORS,
    &state_policy::UPDATE_MERGES,
    &state_policy::UPDATE_CREATES,
    &state_policy::CREATION_OVERWRITES,
    &state_policy::RESET_OF_NOTHING_OK,
    &state_policy::RESET_KEEPS_FLAG,
    &state_policy::RESET_KEEPS_FACTORS_LISTED,
    &state_policy::DEFAULT_FOLLOWS_ORGANIZATION,
    &state_policy::INHERITED_LIST_COPIED,
    &state_policy::ADD_WITHOUT_POLICY_LOST,
    &state_policy::ORPHANS_BLOCK,
    &state_policy::INHERITED_REMOVAL_LOST,
    &state_policy::INHERITED_REMOVAL_FROM_DEFAULT,
    // Callers and organizations
    &auth::ANONYMOUS_READS,
    &auth::ANONYMOUS_RESET,
    &auth::ANONYMOUS_MULTI_FACTORS,
    &auth::TOKEN_PREFIX_ENOUGH,
    &auth::TOKEN_MIDDLE_IGNORED,
    &auth::TOKEN_WITH_DOTS_500,
    &auth::SCHEME_IGNORED,
    &auth::SCHEME_ALONE_500,
    &auth::SCHEME_CASE_MATTERS,
    &auth::ONE_BLANK_ONLY,
    &auth::REVOKED_TOKEN_LIVES,
    &auth::VALIDATES_FIRST,
    &auth::STATE_FIRST,
    &auth::READERS_MAY_REMOVE,
    &auth::READERS_MAY_UPDATE,
    &auth::READERS_MAY_RESET,
    &auth::ANY_TOKEN_MAY_READ,
    &auth::DENIED_AS_STRANGER,
    &auth::DENIAL_AS_NOT_FOUND,
    &auth::DEFAULT_GUARDED_AS_POLICY,
    &auth::ANY_CREDENTIAL,
    &auth::TOKEN_IN_QUERY,
    &tenancy::FIRST_ORGANIZATION_BY_DEFAULT,
    &tenancy::HEADER_IGNORED_FOR_WRITES,
    &tenancy::RIGHTS_OF_HOME,
    &tenancy::UNKNOWN_IS_OWN,
    &tenancy::UNKNOWN_IS_INTERNAL,
    &tenancy::FIRST_CHECKED_LAST_USED,
    &tenancy::UNREADABLE_IS_ABSENT,
    &tenancy::FACTORS_UNIQUE_EVERYWHERE,
    &tenancy::REMOVED_ORGANIZATION_LIVES,
    &tenancy::UNKNOWN_IS_TOLD,
    &tenancy::ANY_HOST,
    // Shape and mapping
    &shape::SEQUENCE_AS_NUMBER,
    &shape::DETAILS_MISSING,
    &shape::BARE_DATE,
    &shape::HTTP_STATUS_IN_CODE,
    &shape::CONFLICT_AS_400,
    &shape::UNAUTHENTICATED_AS_403,
    &shape::DUPLICATE_MEMBER,
    &shape::SUCCESS_CARRIES_CODE,
    &shape::DETAILS_BIN_OTHER_CODE,
    &shape::WRONG_WIRE_TYPE,
    &shape::WRONG_RESOURCE_OWNER,
    &shape::DETAIL_AS_BASE64,
    &shape::SNAKE_CASE,
    &shape::ENUMS_AS_NUMBERS,
    &shape::TRIMMED_FRACTION,
    &shape::TOTAL_OFF_BY_ONE,
    &shape::NO_CHALLENGE,
    &shape::NULLS_FOR_ABSENT,
    &values::OFFSET_INSTEAD_OF_Z,
    &values::MUTE_ERRORS,
    &values::TOTAL_AS_NUMBER,
    &values::BARE_DATE_IN_POLICY,
    &values::ERROR_ENVELOPE,
    &values::DETAIL_WITHOUT_TYPE,
    &values::SEQUENCE_ZERO,
    &values::QUESTION_MARKS,
    // How JSON is read and written
    &json_enum::ENUM_NUMBER_REFUSED,
    &json_enum::ENUM_FLOAT_REFUSED,
    &json_enum::ENUM_FRACTION_CUT,
    &json_enum::ENUM_NUMBER_WRAPPED,
    &json_enum::ENUM_UNDECLARED_STORED,
    &json_enum::ENUM_UNKNOWN_NAME_FIRST,
    &json_enum::ENUM_NAME_BY_ITS_TAIL,
    &json_enum::ENUM_NAME_ANY_CASE,
    &json_enum::ENUM_ARRAY_UNWRAPPED,
    &json_enum::ENUM_WRONG_KIND_IGNORED,
    &json_enum::ENUM_UNKNOWN_IN_LIST_FIRST,
    &json_value::TEXT_AS_BOOLEAN,
    &json_value::SINGLE_VALUE_AS_LIST,
    &json_value::WRONG_ELEMENT_SKIPPED,
    &json_value::NULL_ELEMENT_SKIPPED,
    &json_value::WRONG_TEXT_IGNORED,
    &json_value::EMPTY_FOR_NO_OBJECT,
    &json_value::BARE_VALUE_FOR_MESSAGE,
    &json_value::NULL_LIST_REFUSED,
    &json_value::NULL_SETS,
    &json_value::DURATION_FROM_NUMBER,
    &json_value::DURATION_IN_HOURS,
    &json_value::DURATION_FRACTION_DROPPED,
    &json_text::BROKEN_TEXT_AS_EMPTY,
    &json_text::CUT_TEXT_EXECUTED,
    &json_text::REST_IGNORED,
    &json_text::ESCAPES_LEFT,
    &json_text::SURROGATES_REPLACED,
    &json_text::LOSSY_UTF8,
    &json_text::WHITE_SPACE_REFUSED,
    &json_text::COMMA_AT_THE_END,
    &json_text::PROTO_NAMES_IGNORED,
    &json_text::FIRST_KEY_WINS,
    &json_text::INNER_KEY_COUNTS,
    &json_text::KEYS_IN_ANY_CASE,
    &json_answer::DURATION_TRIMMED,
    &json_answer::DURATION_AS_OBJECT,
    &json_answer::LISTS_WRITTEN,
    &json_answer::DEFAULT_AS_TEXT,
    &json_answer::LIST_ORDER_CHANGES,
    &json_answer::BYTE_ORDER_MARK,
    &json_answer::BOTH_SPELLINGS,
    // Agreement
    &agreement::JSON_ERROR_WITHOUT_DETAILS,
    &agreement::CHANGE_DATE_ON_GRPC_ADD,
    &agreement::CHANGE_DATE_ON_JSON_ADD,
    &agreement::CHANGE_DATE_ON_WEB_ADD,
    &agreement::CHANGE_DATE_ON_TEXT_ADD,
    &agreement::INVALID_IN_OTHER_WORDS_ON_JSON,
    &agreement::INVALID_IN_OTHER_WORDS_ON_GRPC,
    &agreement::INVALID_IN_OTHER_WORDS_ON_WEB,
    &agreement::INVALID_IN_OTHER_WORDS_IN_TEXT,
    &agreement::INVALID_REMOVAL_OUT_OF_RANGE,
    &agreement::UNKNOWN_IN_OTHER_WORDS_ON_JSON,
    &agreement::UNKNOWN_IN_OTHER_WORDS_ON_GRPC,
    &agreement::UNKNOWN_IN_OTHER_WORDS_ON_WEB,
    &agreement::BAD_TOKEN_WITHOUT_DETAILS_IN_TEXT,
    &agreement::GRPC_DENIES_IN_OTHER_WORDS,
    &agreement::TEXT_DENIES_WITHOUT_DETAILS,
    &agreement::TEXT_LOSES_DETAILS,
    &agreement::WEB_ERRORS_IN_HEAD,
    &agreement::JSON_DATES_IN_MILLISECONDS,
    &agreement::GRPC_DURATIONS_IN_SECONDS,
    &agreement::WEB_LOSES_FLAG,
    &agreement::TEXT_COUNTS_ONE_MORE,
    // HTTP and gRPC
    &wire::STATUS_TWICE,
    &wire::STATUS_ZERO_LED,
    &wire::HTTP_500_ON_ERROR,
    &wire::OCTET_STREAM,
    &wire::JSON_AS_TEXT_PLAIN,
    &wire::NO_DATE,
    &wire::MESSAGE_UNESCAPED,
    &wire::TWO_MESSAGES,
    &wire::FOREIGN_CONTENT_TYPE_EXECUTED,
    &wire::STATUS_MISSING,
    &wire::LENGTH_LITTLE_ENDIAN,
    &wire::DETAILS_BIN_PADDED,
    &wire::NO_ALLOW,
    &wire::EMPTY_MESSAGE_BEFORE_ERROR,
    &wire::CACHEABLE,
    &blocks::STATUS_IN_HEAD_OF_SUCCESS,
    &blocks::TRAILERS_ONLY_UNLABELLED,
    &blocks::DETAILS_ON_SUCCESS,
    &blocks::BLANK_AROUND_VALUE,
    &blocks::INNER_LENGTH,
    &blocks::NOT_FOUND_AS_GONE,
    &blocks::INVALID_TOKEN_ALWAYS,
    // gRPC-Web
    &blocks::WEB_CREATED,
    &blocks::WEB_EMPTY_FRAME_BESIDE_STATUS,
    &blocks::WEB_OTHER_SUBTYPE,
    &blocks::WEB_STATUS_TWICE,
    &blocks::WEB_TRAILER_LENGTH_SHORT,
    &web::WEB_TRAILER_UPPER_CASE,
    &web::WEB_STATUS_ONLY_IN_HTTP_TRAILERS,
    &web::WEB_DATA_AFTER_TRAILERS,
    &web::WEB_TRAILER_FLAG_ODD,
    &web::WEB_TRAILER_BARE_LF,
    &web::WEB_TEXT_URL_SAFE,
    // The status of an answer, and the frames of gRPC-Web
    &status_fields::WEB_STATUS_ZERO_LED,
    &status_fields::STATUS_PLUS_SIGNED,
    &status_fields::STATUS_AS_NAME,
    &status_fields::STATUS_REPLACED,
    &status_fields::WEB_MESSAGE_UNESCAPED,
    &status_fields::MESSAGE_REMOVED,
    &status_fields::MESSAGE_ALTERED,
    &status_fields::WEB_DETAILS_PADDED,
    &status_fields::DETAILS_REMOVED,
    &status_fields::DETAILS_DOUBLED,
    &status_fields::WEB_DETAILS_DOUBLED,
    &status_fields::WEB_DETAILS_OTHER_CODE,
    &status_fields::DETAILS_OTHER_TEXT,
    &status_fields::STATUS_TWICE_IN_ONE,
    &status_fields::HEAD_CONTRADICTS,
    &status_fields::WEB_HEAD_CONTRADICTS,
    &status_fields::WEB_HEAD_REPEATS,
    &status_fields::GRPC_PLUS_JSON,
    &status_fields::GRPC_CHARSET,
    &status_fields::WEB_PLUS_JSON,
    &status_fields::WEB_AS_GRPC,
    &status_fields::GRPC_201,
    &status_fields::WEB_500_ON_SUCCESS,
    &status_fields::NO_TRAILERS,
    &status_fields::WEB_TWO_MESSAGES,
    &web_frames::WEB_TRAILERS_SAY_COMPRESSED,
    &web_frames::WEB_TRAILER_LF_BETWEEN,
    &web_frames::WEB_TRAILER_EMPTY_LINE,
    &web_frames::WEB_TRAILER_BLANK_BETWEEN,
    &web_frames::WEB_TRAILER_LINE_OPEN,
    &web_frames::WEB_MESSAGE_BEHIND_TRAILERS,
    &web_frames::WEB_TWO_TRAILER_FRAMES,
    &web_frames::WEB_NO_TRAILER_FRAME,
    &web_frames::WEB_CUT_TRAILERS,
    &web_frames::WEB_JUNK_AT_END,
    &web_frames::WEB_STATUS_NOWHERE,
    &web_frames::WEB_TRAILERS_NOT_IN_GZIP,
    // Messages, frames and heads of gRPC and gRPC-Web
    &grpc_message::UNDECODABLE_AS_INVALID,
    &grpc_message::GROUPS_REFUSED,
    &grpc_message::FIRST_VALUE_WINS,
    &grpc_message::ANY_WIRE_TYPE,
    &grpc_message::WHOLE_FIELDS_USED,
    &grpc_message::LOW_OCTET_OF_ENUM,
    &grpc_message::LAST_OF_PACKED,
    &grpc_message::UTF8_REPLACED,
    &grpc_frame::BASE64_SKIPS,
    &grpc_frame::NO_MESSAGE_UNKNOWN,
    &grpc_frame::MISSING_IS_EMPTY,
    &grpc_frame::FIRST_OF_TWO,
    &grpc_frame::CUT_MESSAGE_EXECUTED,
    &grpc_frame::WEB_CUT_TEXT_EXECUTED,
    &grpc_frame::LOW_BIT_OF_FLAG,
    &grpc_frame::FLAG_IGNORED,
    &grpc_frame::WEB_FLAG_IGNORED,
    &grpc_frame::WEB_TRAILERS_EXECUTED,
    &grpc_gzip::UNKNOWN_ENCODING_IGNORED,
    &grpc_gzip::WEB_ENCODING_DROPPED,
    &grpc_gzip::ENCODINGS_NOT_TOLD,
    &grpc_gzip::GZIP_AS_MESSAGE,
    &grpc_gzip::PLAIN_INFLATED,
    &grpc_gzip::DAMAGED_GZIP_EXECUTED,
    &grpc_gzip::GZIP_MIRRORED,
    &grpc_gzip::ALWAYS_GZIP,
    &grpc_gzip::GZIP_UNNAMED,
    &grpc_gzip::GZIP_AROUND_FRAMES,
    &grpc_gzip::WEB_FRAMES_IN_GZIP,
    &grpc_gzip::IDENTITY_REFUSED,
    &grpc_head::UNKNOWN_METHOD_NOT_FOUND,
    &grpc_head::UNKNOWN_SERVICE_PAGE,
    &grpc_head::UNKNOWN_PLAIN_404,
    &grpc_head::RPC_PATH_IGNORES_CASE,
    &grpc_head::RPC_ANY_METHOD,
    &grpc_head::WEB_ANY_METHOD,
    &grpc_head::PLUS_PROTO_UNKNOWN,
    &grpc_head::ANY_SUBTYPE_IS_PROTO,
    &grpc_head::HOURS_OVERFLOW,
    &grpc_head::MALFORMED_TIMEOUT_IGNORED,
    &grpc_head::PADDED_METADATA_REFUSED,
    &grpc_head::JOINED_METADATA_REFUSED,
    &grpc_head::ODD_METADATA_REFUSED,
    &grpc_head::SMALL_HEADS_ONLY,
    &grpc_head::WEB_BARE_UNKNOWN,
    &grpc_head::WEB_NEEDS_FIELD,
    &grpc_head::WEB_BINARY_IN_BASE64,
    &grpc_head::WEB_TEXT_IN_OCTETS,
    // Streams, time-outs, sizes and versions of HTTP
    &grpc_stream::PREFIX_IN_ONE_FRAME,
    &grpc_stream::EMPTY_FRAME_AS_MESSAGE,
    &grpc_stream::NAMES_LOWERED,
    &grpc_stream::CONNECTION_FIELD_DROPPED,
    &grpc_stream::LENGTH_IGNORED_OVER_H2,
    &grpc_stream::WINDOW_IGNORED,
    &grpc_stream::WINDOW_NEVER_GIVEN_BACK,
    &grpc_stream::CANCEL_ENDS_CONNECTION,
    &grpc_stream::STREAM_LEFT_OPEN,
    &grpc_stream::STATUS_LOST_OVER_HTTP1,
    &grpc_stream::TIMEOUT_IGNORED,
    &grpc_stream::EXPIRED_AS_UNKNOWN,
    &grpc_stream::MINUTES_AS_MILLISECONDS,
    &grpc_stream::NANOSECONDS_UNKNOWN,
    &grpc_stream::LIMIT_IGNORED,
    &grpc_stream::LIMIT_REFUSED,
    &grpc_stream::ANNOUNCED_LENGTH_IGNORED,
    &grpc_stream::OVERSIZED_OUT_OF_RANGE,
    &grpc_stream::WEB_NOT_OVER_HTTP1,
    &grpc_stream::WEB_CUT_OVER_HTTP1,
    &grpc_stream::WEB_NOT_OVER_HTTP2,
    &grpc_stream::WEB_NATIVE_OVER_HTTP2,
    &grpc_stream::TEXT_AS_BINARY,
    // JSON over HTTP
    &http_requests::KNOWN_PATH_404,
    &http_requests::ALLOW_OTHER,
    &http_requests::PUT_AS_POST,
    &http_requests::REFUSED_YET_DONE,
    &http_requests::METHOD_OVERRIDE,
    &http_requests::ANY_LABEL_IS_JSON,
    &http_requests::LABEL_COMPARED_LITERALLY,
    &http_requests::RPC_LABEL_COMPARED_LITERALLY,
    &http_requests::UNKNOWN_ACCEPT_500,
    &http_requests::WEIGHTED_ACCEPT_406,
    &http_requests::SEARCH_NEEDS_CONTENT,
    &http_requests::SEARCH_FAILS_AT_CONTENT,
    &http_requests::CODED_CONTENT_500,
    &http_requests::OTHER_ERRORS_OVER_H2,
    &http_routes::VERB_CUT_OFF,
    &http_routes::UNKNOWN_PATH_200,
    &http_routes::PATH_IGNORES_CASE,
    &http_routes::LAST_FACTOR_REMOVED,
    &http_routes::PATH_NUMBER_REFUSED,
    &http_routes::UNKNOWN_FACTOR_NOT_FOUND,
    &http_routes::UNKNOWN_FACTOR_REMOVES,
    &http_routes::UNSPECIFIED_REMOVES,
    &http_routes::RAW_PATH_MATCHED,
    &http_routes::PATH_DECODED_TWICE,
    &http_routes::AUTH_FACTORS_UNKNOWN,
    &http_routes::QUERY_FILLS_MESSAGE,
    &http_routes::QUERY_OVERRIDES,
    &http_routes::GET_RUNS_POST,
    &http_routes::SLASH_REMOVES,
    &http_octets::CHUNKS_IGNORED,
    &http_octets::CUT_VALUE_COMPLETED,
    &http_octets::CUT_CONTENT_EXECUTED,
    &http_octets::LENGTH_WINS,
    &http_octets::CONFLICT_KEPT_ALIVE,
    &http_octets::NUL_ENDS_VALUE,
    &http_octets::FIRST_HOST_WINS,
    &http_octets::EXPECTATION_IGNORED,
    &http_octets::LENGTH_READ_LENIENTLY,
    &http_octets::SPACE_BEFORE_COLON,
    &http_octets::HEAD_WITH_CONTENT,
    &http_octets::CONTENT_LEFT_BEHIND,
    &http_octets::CONTENT_BEHIND_LAST_CHUNK,
    &http_requests::LARGE_CONTENT_500,
    &http_requests::LARGE_CONTENT_STOPS_OTHERS,
    &later_factors::LATER_LISTED_AS_UNSPECIFIED,
    &later_factors::LATER_STAYS,
    &later_factors::LATER_ONLY_AT_CREATION,
    &callers::JSON_DENIES_IN_OTHER_WORDS,
    &callers::WEB_SKIPS_PERMISSION,
    &callers::ORGANIZATION_LOST_ON_JSON,
    &callers::ORGANIZATION_LOST_ON_GRPC,
    &callers::EMPTY_ORGANIZATION_REFUSED_IN_TEXT,
    &callers::ORGANIZATION_IN_LOWER_CASE,
    &callers::ORIGIN_RULE_ON_JSON,
    &callers::SHORT_DEADLINE_SPOILS_LOOKUP,
    &callers::SECONDS_REFUSED,
    &callers::LACK_OF_PERMISSION_401,
    // Codes, and what the page of the operation promises
    &mapping::INVALID_ARGUMENT_422,
    &mapping::NOT_FOUND_410,
    &mapping::FAILED_PRECONDITION_412,
    &mapping::DEADLINE_EXCEEDED_408,
    &mapping::INVALID_FACTOR_UNKNOWN,
    &documented::ROUTE_IN_SINGULAR,
    &documented::ADD_201,
    &documented::OTHER_PACKAGE,
    &documented::MEDIA_TYPES_OF_PAGE_UNKNOWN,
    &documented::ADD_DATED_BY_POLICY,
    &documented::ADD_CHANGED_IN_1970,
    &documented::REMOVAL_DATED_BY_POLICY,
    &documented::RESET_UNDATED,
    &documented::OTP_NOT_IMPLEMENTED,
    &documented::OTP_STORED_AS_U2F,
    &documented::U2F_STORED_AS_OTP,
    &documented::MISSING_TYPE_IS_OTP,
    &documented::HEALTHZ_NEEDS_TOKEN,
    // Pages of another origin
    &cors::PREFLIGHT_NEEDS_TOKEN,
    &cors::AUTHORIZATION_BY_WILDCARD,
    &cors::DELETE_NOT_ALLOWED,
    &cors::PREFLIGHT_IS_A_CALL,
    &cors::PREFLIGHT_TELLS_NOTHING,
    &cors::FIXED_FIELDS,
    &cors::WILDCARD_WITH_CREDENTIALS,
    &cors::CREDENTIALS_YES,
    &cors::ERRORS_NOT_SHARED,
    &cors::STATUS_NOT_EXPOSED,
    &cors::OPTIONS_FALLS_THROUGH,
    &cors::TWO_ORIGINS,
    &cors::LIST_OF_ORIGINS,
    &cors::REFLECTED_WITHOUT_VARY,
    &cors::ORIGIN_BY_PREFIX,
    &cors::ORIGIN_BY_SUFFIX,
    // What answers reveal
    &security::TOKEN_ECHOED,
    &security::ADDRESS_TOLD,
    &security::STATEMENT_TOLD,
    &security::STACK_TOLD,
    &security::SOURCE_TOLD,
    &security::FOLDER_TOLD,
    &security::PANIC_TOLD,
    &security::VALUE_MAKES_FIELD,
    &security::PATH_IN_PAGE,
    &security::DENIAL_SHOWS_POLICY,
    &security::PREFIX_ACTS,
    // What a server says of itself
    &discovery::EVERYTHING_SERVES,
    &discovery::REFLECTION_OTHER_NUMBER,
    &discovery::OPENAPI_INTEGER,
    &discovery::OPENAPI_WITHOUT_BODY,
];

/// All legal variants.
pub static VARIANTS: &[&Variant] = &[
    &lag::LAGGING_READS,
    &lag::ALTERNATING_READS,
    &lag::SPARSE_SEQUENCE,
    &variant_shape::KEY_ORDER,
    &variant_shape::EXPLICIT_DEFAULTS,
    &variant_shape::CHANGE_DATE_ON_ADD,
    &variant_shape::UNKNOWN_FIELDS,
    &variant_shape::WHITE_SPACE,
    &variant_json::UNKNOWN_IGNORED,
    &variant_json::LAST_KEY_WINS,
    &variant_json::WHOLE_SECONDS_KEPT,
    &variant_json::WHOLE_SECOND_DATES,
    &variant_json::NINE_DIGITS,
    &variant_json::ESCAPED_TEXT,
    &variant_json::LISTS_REVERSED,
    &variant_frames::HEADERS_THEN_TRAILERS,
    &variant_frames::STATUS_IN_WEB_HEADERS,
    &variant_frames::WEB_LAST_ANSWER,
    &variant_frames::BASE64_PER_FRAME,
    &variant_frames::SPLIT_DATA,
    &variant_frames::OWN_HEADERS,
    &variant_frames::WEB_PLUS_PROTO,
    &variant_frames::CHARSET,
    &variant_frames::TIGHT_TRAILER,
    &status_fields::MESSAGE_ON_SUCCESS,
    &status_fields::WEB_CHARSET,
    &status_fields::WEB_STATUS_OF_CODE,
    &web_frames::WEB_TRAILERS_IN_GZIP,
    &variant_offer::NO_TEXT_MODE,
    &variant_offer::HTTP1_ONLY,
    &variant_offer::GZIP,
    &grpc_gzip::MESSAGE_GZIP,
    &variant_grpc::OTHER_TYPE_SKIPPED,
    &variant_grpc::REFUSES_BY_HTTP,
    &variant_grpc::GRPC_HTTP2_ALONE,
    &variant_grpc::TOKEN_FIRST,
    &variant_grpc::ACCEPT_DECIDES,
    &variant_offer::OLDER_RELEASE,
    &variant_time::SLOW_STEADY,
    &variant_time::GOAWAY,
    &variant_time::SLEEPS_BEFORE_REFUSING,
    &variant_time::RATE_LIMITS,
    &variant_time::FRESH_TOKEN_LAG,
    &variant_domain::DOMAIN_CODE_CHOICE,
    &variant_domain::INHERITED_IN_EFFECT,
    &variant_domain::OWN_TEXTS,
    &http_variants::SLASH_IGNORED,
    &http_variants::SLASH_REDIRECTS,
    &http_variants::PLAIN_404,
    &http_variants::PATCH_501,
    &http_variants::HEAD_REFUSED,
    &http_variants::UNKNOWN_METHOD_400,
    &http_variants::OVERRIDE_REFUSED,
    &http_variants::XML_NOT_ACCEPTABLE,
    &http_variants::LIST_CONTENT_REFUSED,
    &http_variants::GZIP_READ,
    &http_variants::LENGTH_REQUIRED,
    &http_variants::EXPECTATION_REFUSED,
    &callers::FOREIGN_ORIGIN_REFUSED,
    &cors::SELECTIVE_ORIGINS,
    &cors::REFLECTED_ORIGINS,
    &cors::NO_CORS,
    &discovery::REFLECTION,
    &discovery::HEALTH_STORABLE,
    &discovery::OPENAPI,
];

/// Variants that lack a wire, or an HTTP version of one.
pub(super) static SPEAK_LESS: &[&str] = &["no-text-mode", "http1-only"];

/// Variants that browsers of another origin can't use.
pub(super) static NO_BROWSERS: &[&str] = &["no-cors"];

/// Variants that aren't ZITADEL.
pub(super) static OTHER_TEXTS: &[&str] = &["own-texts"];

/// All targets that serve nothing.
pub static NULL_TARGETS: &[&NullTarget] = &[
    &nothing::ALWAYS_404,
    &nothing::ALWAYS_EMPTY_200,
    &nothing::ALWAYS_UNIMPLEMENTED,
    &nothing::ECHO,
    &nothing::EMPTY_SUCCESS,
    &nothing::CLOSES,
    &nothing::HANGS,
    &nothing::ENDLESS_BODY,
    &nothing::GIANT_HEAD,
    &nothing::SLOW_DRIP,
    &nothing::GARBAGE,
    &nothing::HALF_CLOSE,
];

/// A name that is in no list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no {what} named {name:?}; the nearest is {nearest:?}")]
pub struct UnknownName {
    /// Of what it should be a name.
    pub what: &'static str,
    /// The name.
    pub name: String,
    /// The name in the list that is most like it.
    pub nearest: &'static str,
}

/// The fault of this name.
///
/// # Errors
/// If there is none.
pub fn fault(name: &str) -> Result<&'static Fault, UnknownName> {
    find("fault", name, FAULTS, |fault| fault.name)
}

/// The legal variant of this name.
///
/// # Errors
/// If there is none.
pub fn variant(name: &str) -> Result<&'static Variant, UnknownName> {
    find("variant", name, VARIANTS, |variant| variant.name)
}

/// The null target of this name.
///
/// # Errors
/// If there is none.
pub fn null_target(name: &str) -> Result<&'static NullTarget, UnknownName> {
    find("null target", name, NULL_TARGETS, |target| target.name)
}

fn find<T>(what: &'static str, name: &str, list: &[&'static T], named: fn(&T) -> &'static str) -> Result<&'static T, UnknownName> {
    if let Some(found) = list.iter().find(|entry| named(entry) == name) {
        return Ok(found);
    }
    let names = list.iter().map(|entry| named(entry));
    Err(UnknownName { what, name: name.to_owned(), nearest: names.min_by_key(|known| distance(known, name)).unwrap_or_default() })
}

/// Levenshtein's distance in characters; of a long name only its start counts.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (at, b) in other.iter().enumerate() {
            let replace = diagonal + usize::from(a != *b);
            diagonal = row[at + 1];
            row[at + 1] = replace.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::ALL;
    use super::*;

    #[test]
    fn names_are_unique_and_wires_exist() {
        let mut seen = HashSet::new();
        let faults = FAULTS.iter().map(|fault| (fault.name, fault.wires));
        let variants = VARIANTS.iter().map(|variant| (variant.name, variant.wires));
        let targets = NULL_TARGETS.iter().map(|target| (target.name, ALL));
        for (name, wires) in faults.chain(variants).chain(targets) {
            assert!(seen.insert(name), "{name} twice");
            assert!(!wires.is_empty() && wires.iter().all(|wire| ALL.contains(wire)), "{name}");
        }
    }

    #[test]
    fn what_variants_lack_names_variants() {
        for name in SPEAK_LESS.iter().chain(OTHER_TEXTS).chain(NO_BROWSERS) {
            assert!(variant(name).is_ok(), "{name}");
        }
        assert!(!variant("own-texts").unwrap().is_zitadel() && !variant("http1-only").unwrap().speaks_everything());
    }

    #[test]
    fn requirements_exist() {
        let catalogue = include_str!(concat!(env!("OUT_DIR"), "/requirements.json"));
        let all: Vec<serde_json::Value> = serde_json::from_str(catalogue).unwrap();
        let ids: HashSet<_> = all.iter().filter_map(|filed| filed["entry"]["id"].as_str()).collect();
        for fault in FAULTS {
            assert!(ids.contains(fault.requirement), "{}: {}", fault.name, fault.requirement);
        }
        for variant in VARIANTS {
            for requirement in variant.spared_by {
                assert!(ids.contains(requirement), "{}: {requirement}", variant.name);
            }
        }
    }

    #[test]
    fn the_nearest_name_is_told() {
        assert!(fault("no-date").is_ok());
        assert_eq!(fault("no-dates").unwrap_err().nearest, "no-date");
        assert_eq!(variant("keyorder").unwrap_err().nearest, "key-order");
        assert_eq!(null_target("hang").unwrap_err().nearest, "hangs");
    }
}
