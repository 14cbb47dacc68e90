//! Servers that send whatever comes to mind: each exchange ends, and the client goes on.

use proptest::prelude::*;
use tokio::io::AsyncWriteExt;
use triwire::wire::{End, Transport};

use crate::support::{JSON_H1, JSON_H2, RawH2, Server, frame, get, read_request};

/// How the exchange with a server ended that sends these octets and closes.
fn end(transport: Transport, octets: Vec<u8>) -> End {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async move {
        // The script must be `Copy`; what a test leaks ends with its process.
        let octets: &'static [u8] = octets.leak();
        let server = Server::new(move |_, mut stream| async move {
            if transport == JSON_H1 {
                read_request(&mut stream).await?;
                return stream.write_all(octets).await;
            }
            let mut h2 = RawH2::accept(stream).await?;
            h2.request().await?;
            h2.write_octets(octets).await
        })
        .await;
        get(&server.client(), transport).await.received.end
    })
}

/// Pieces of responses, good ones and others, in any order.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("HTTP/1.1 200 OK\r\n".to_owned()),
        Just("HTTP/1.1 100 Continue\r\n\r\n".to_owned()),
        Just("Content-Length: 3\r\n".to_owned()),
        Just("Content-Encoding: gzip\r\n".to_owned()),
        Just("Transfer-Encoding: chunked\r\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("3\r\nabc\r\n".to_owned()),
        Just("0\r\n\r\n".to_owned()),
        "[ -~\r\n]{0,20}",
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat().into_bytes())
}

/// Frames of streams 0, 1 and 3 with any type, flags and payload.
fn frames() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..24),
        Just(vec![0x88]),
        Just(vec![0x88, 0x5f, 0x01, b'a']),
        Just(vec![0, 0, 0, 1]),
        Just(vec![0, 0, 0, 1, 0, 0, 0, 0]),
    ];
    let one = (
        0_u8..11,
        prop_oneof![Just(0_u8), Just(1), Just(4), Just(5), any::<u8>()],
        prop_oneof![3 => Just(1_u32), 1 => Just(0), 1 => Just(3)],
        payload,
    )
        .prop_map(|(kind, flags, stream, payload)| frame(kind, flags, stream, &payload));
    proptest::collection::vec(one, 0..8).prop_map(|frames| frames.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn on_http_1(octets in text()) {
        let end = end(JSON_H1, octets);
        prop_assert!(!matches!(end, End::TimedOut { .. } | End::NoConnection { .. }), "{end:?}");
    }

    #[test]
    fn on_http_2(octets in frames()) {
        let end = end(JSON_H2, octets);
        prop_assert!(!matches!(end, End::TimedOut { .. } | End::NoConnection { .. }), "{end:?}");
    }
}
