//! HTTP/2 responses against scripted frames, the h2 library's server and hyper's.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use triwire::wire::hpack::huffman_encode;
use triwire::wire::{Body, Budget, Content, End, Frame, HttpVersion, Payload, Transport, Wire, put, rpc_path};

use crate::support::{JSON_H1, JSON_H2, RawH2, Server, block, body, call, fields, frame, get, intent, send, status};

const HEAD: [(&str, &str); 2] = [(":status", "200"), ("content-type", "application/grpc")];

fn kinds(frames: Option<&[Frame]>) -> Vec<(u8, u8, u32)> {
    frames.into_iter().flatten().map(|frame| (frame.kind, frame.flags, frame.length)).collect()
}

#[tokio::test]
async fn head_data_and_trailers() {
    let server = Server::new(|_, stream| async move {
        let mut h2 = RawH2::accept(stream).await?;
        let (id, _) = h2.request().await?;
        h2.write(1, 4, id, &block(&HEAD)).await?;
        h2.write(0, 0, id, b"\0\0\0\0\x02").await?;
        // Padded: two octets of content, three of padding.
        h2.write(0, 8, id, b"\x03ab\0\0\0").await?;
        h2.write(1, 5, id, &block(&[("grpc-status", "0"), ("b", "1"), ("a", "2"), ("b", "3")])).await?;
        h2.linger().await
    })
    .await;
    let call =
        put(Transport::new(Wire::Grpc, HttpVersion::H2), "POST", &rpc_path("p.S/M"), Payload::Message(Vec::new()), &[], intent()).unwrap();
    let exchange = send(&server.client(), call).await;
    let received = exchange.received;
    assert_eq!(received.end, End::Complete);
    assert_eq!(fields(&received.heads[0].fields), [":status: 200", "content-type: application/grpc"]);
    assert_eq!(received.content, Body::whole(b"\0\0\0\0\x02ab".to_vec()));
    assert_eq!(fields(received.trailers.as_deref().unwrap()), ["grpc-status: 0", "b: 1", "a: 2", "b: 3"]);
    let trailers = u32::try_from(block(&[("grpc-status", "0"), ("b", "1"), ("a", "2"), ("b", "3")]).len()).unwrap();
    let head = u32::try_from(block(&HEAD).len()).unwrap();
    assert_eq!(kinds(received.frames.as_deref()), [(1, 4, head), (0, 0, 5), (0, 8, 6), (1, 5, trailers)]);
    assert_eq!(exchange.sent.path, "/p.S/M");
    assert_eq!(fields(&exchange.sent.fields)[..2], ["te: trailers", "content-type: application/grpc"]);
}

#[tokio::test]
async fn trailers_only_and_blocks_in_pieces() {
    let server = Server::new(|_, stream| async move {
        let mut h2 = RawH2::accept(stream).await?;
        let (id, _) = h2.request().await?;
        // Status by the static table, a Huffman value, priority and padding, and the block cut inside a field.
        let mut block = block(&[("grpc-status", "5")]);
        block.insert(0, 0x88);
        let value = huffman_encode(b"not found");
        block.extend([&[0, 12], &b"grpc-message"[..], &[0x80 | u8::try_from(value.len()).unwrap()], &value].concat());
        let (first, rest) = block.split_at(5);
        let padded = [&[2, 0, 0, 0, 0, 9], first, &[0, 0]].concat();
        h2.write_octets(&[frame(1, 0x29, id, &padded), frame(9, 0, id, &rest[..4]), frame(9, 4, id, &rest[4..])].concat()).await?;
        h2.linger().await
    })
    .await;
    let exchange = get(&server.client(), JSON_H2).await;
    assert_eq!(exchange.received.end, End::Complete);
    assert_eq!(fields(&exchange.received.heads[0].fields), [":status: 200", "grpc-status: 5", "grpc-message: not found"]);
    assert_eq!(exchange.received.trailers, None);
    let flags: Vec<_> = kinds(exchange.received.frames.as_deref()).iter().map(|(kind, flags, _)| (*kind, *flags)).collect();
    assert_eq!(flags, [(1, 0x29), (9, 0), (9, 4)]);
}

#[tokio::test]
async fn informational_heads() {
    let server = Server::new(|_, stream| async move {
        let mut h2 = RawH2::accept(stream).await?;
        let (id, _) = h2.request().await?;
        h2.write(1, 4, id, &block(&[(":status", "103"), ("link", "a")])).await?;
        h2.answer(id, "x").await?;
        h2.linger().await
    })
    .await;
    let exchange = get(&server.client(), JSON_H2).await;
    let statuses: Vec<_> = exchange.received.heads.iter().map(|head| head.status).collect();
    assert_eq!((statuses, exchange.received.end), (vec![Some(103), Some(200)], End::Complete));
}

#[tokio::test]
async fn what_the_library_refuses_is_recorded() {
    type Script = (&'static [(&'static str, &'static str)], Option<&'static [(&'static str, &'static str)]>);
    const GOOD: &[(&str, &str)] = &[(":status", "200")];
    let scripts: &'static [Script] = &[
        (&[(":status", "200"), ("connection", "close"), ("x", "1")], Some(&[("grpc-status", "0")])),
        (&[("x", "1"), (":status", "200")], None),
        (&[(":status", "200"), (":status", "500")], None),
        (&[("x", "no status")], None),
        (&[(":status", "200"), ("X-Upper", "1")], None),
        (&[(":status", "200"), ("content-length", "9")], Some(&[("grpc-status", "0")])),
        (GOOD, Some(&[(":status", "200"), ("grpc-status", "0")])),
        (GOOD, Some(&[("transfer-encoding", "chunked")])),
    ];
    for script in scripts {
        let server = Server::new(move |_, stream| async move {
            let (head, trailers) = script;
            let mut h2 = RawH2::accept(stream).await?;
            let (id, _) = h2.request().await?;
            h2.write(1, 4, id, &block(head)).await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
            h2.write(0, 0, id, b"data").await?;
            match trailers {
                Some(trailers) => h2.write(1, 5, id, &block(trailers)).await?,
                None => h2.write(0, 1, id, b"").await?,
            }
            h2.linger().await
        })
        .await;
        let (head, trailers) = script;
        let received = get(&server.client(), JSON_H2).await.received;
        assert!(matches!(received.end, End::Malformed { .. }), "{script:?}: {:?}", received.end);
        let expected: Vec<String> = head.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(fields(&received.heads[0].fields), expected);
        // A name in upper case is an error of the whole connection for the library, so what follows isn't seen.
        if head[1..].iter().all(|(name, _)| *name != "X-Upper") {
            assert_eq!(received.content, Body::whole(b"data".to_vec()), "{script:?}");
            assert_eq!(received.trailers.map(|list| list.len()), trailers.map(<[_]>::len), "{script:?}");
        }
    }
}

#[tokio::test]
async fn a_dynamic_table_entry_is_malformed() {
    let server = Server::new(|_, stream| async move {
        let mut h2 = RawH2::accept(stream).await?;
        let (id, _) = h2.request().await?;
        h2.write(1, 5, id, &[0x88, 0xbe]).await?;
        h2.linger().await
    })
    .await;
    let received = get(&server.client(), JSON_H2).await.received;
    assert!(matches!(&received.end, End::Malformed { text } if text.contains("dynamic table")), "{:?}", received.end);
    assert_eq!(fields(&received.heads[0].fields), [":status: 200"]);
}

#[tokio::test]
async fn requests_end_where_their_content_ends() {
    for (content, expected) in [
        (Content::None, vec![(1, 5, 0)]),
        (Content::Octets(Vec::new()), vec![(1, 4, 0), (0, 1, 0)]),
        (Content::Octets(b"{}".to_vec()), vec![(1, 4, 0), (0, 1, 2)]),
        (Content::Octets(vec![b'a'; 40_000]), vec![(1, 4, 0), (0, 0, 16_384), (0, 0, 16_384), (0, 1, 7_232)]),
    ] {
        let server = Server::new(|_, stream| async move {
            let mut h2 = RawH2::accept(stream).await?;
            let (id, frames) = h2.request().await?;
            let seen: Vec<_> =
                frames.iter().map(|frame| (frame.kind, frame.flags, if frame.kind == 1 { 0 } else { frame.payload.len() })).collect();
            h2.answer(id, &format!("{seen:?}")).await?;
            h2.linger().await
        })
        .await;
        let exchange = send(&server.client(), call(JSON_H2, "POST", "/x", content)).await;
        assert_eq!(body(&exchange), format!("{expected:?}"));
    }
}

#[tokio::test]
async fn long_bodies_in_both_directions_with_the_library_server() {
    let server = Server::new(|_, stream| async move {
        let mut connection = h2::server::handshake(stream).await.map_err(std::io::Error::other)?;
        while let Some(Ok((mut request, mut respond))) = connection.accept().await {
            tokio::spawn(async move {
                let mut length = 0;
                while let Some(Ok(data)) = request.body_mut().data().await {
                    length += data.len();
                    let _ = request.body_mut().flow_control().release_capacity(data.len());
                }
                let mut send = respond.send_response(http::Response::new(()), false).unwrap();
                send.send_data(Bytes::from(vec![b'z'; length]), true).unwrap();
            });
        }
        Ok(())
    })
    .await;
    let client = server.client();
    for _ in 0..2 {
        let exchange = send(&client, call(JSON_H2, "POST", "/x", Content::Octets(vec![b'a'; 3_000_000]))).await;
        let content = exchange.received.content;
        assert_eq!((exchange.received.end, content.length, content.kept.0.len()), (End::Complete, 3_000_000, Body::KEEP));
        assert_eq!(exchange.sent.content.sha256.as_ref().map(String::len), Some(64));
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn hyper_answers_on_both_versions() {
    async fn answer(
        request: http::Request<hyper::body::Incoming>,
    ) -> Result<http::Response<http_body_util::combinators::BoxBody<Bytes, Infallible>>, Infallible> {
        let content = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let mut trailers = http::HeaderMap::new();
        trailers.insert("x-trailer", http::HeaderValue::from_static("1"));
        let body = Full::new(content).with_trailers(std::future::ready(Some(Ok(trailers))));
        Ok(http::Response::new(body.boxed()))
    }
    let server = Server::new(|_, stream| async move {
        let builder = hyper_util::server::conn::auto::Builder::new(hyper_util::rt::TokioExecutor::new());
        let io = hyper_util::rt::TokioIo::new(stream);
        builder.serve_connection(io, hyper::service::service_fn(answer)).await.map_err(std::io::Error::other)
    })
    .await;
    let client = server.client();
    for transport in [JSON_H1, JSON_H2] {
        for _ in 0..2 {
            let call = call(transport, "POST", "/x", Content::Octets(b"{\"a\":1}".to_vec()));
            let exchange = send(&client, call).await;
            assert_eq!(
                (status(&exchange), exchange.received.end.clone(), body(&exchange)),
                (Some(200), End::Complete, "{\"a\":1}".to_owned())
            );
            // On HTTP/1.1 hyper gives a body of known length a Content-Length, and then no trailers.
            let trailers = exchange.received.trailers.as_deref().map(fields);
            assert_eq!(trailers, (transport == JSON_H2).then(|| vec!["x-trailer: 1".to_owned()]));
        }
    }
    assert_eq!((server.connections(), client.retries()), (2, 0));
    client.close().await;
}

#[tokio::test]
async fn content_coding_is_undone() {
    let server = Server::new(|_, stream| async move {
        use std::io::Write;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(b"{\"a\": 1}")?;
        let content = gzip.finish()?;
        let mut h2 = RawH2::accept(stream).await?;
        let (id, _) = h2.request().await?;
        h2.write(1, 4, id, &block(&[(":status", "200"), ("content-encoding", "gzip")])).await?;
        h2.write(0, 0, id, &content[..10]).await?;
        h2.write(0, 1, id, &content[10..]).await?;
        h2.linger().await
    })
    .await;
    let exchange = get(&server.client(), JSON_H2).await;
    assert_eq!((exchange.received.undone_coding.as_deref(), body(&exchange)), (Some("gzip"), "{\"a\": 1}".to_owned()));
}

#[tokio::test]
async fn a_budget_bounds_what_goes_on_at_once() {
    let server = Server::new(|_, stream| async move {
        let mut h2 = RawH2::accept(stream).await?;
        loop {
            let (id, _) = h2.request().await?;
            h2.answer(id, "x").await?;
        }
    })
    .await;
    let client = server.client().with_budget(Budget::new(1));
    let (first, second) = tokio::join!(get(&client, JSON_H2), get(&client, JSON_H2));
    assert_eq!((first.received.end, second.received.end), (End::Complete, End::Complete));
    assert_eq!(server.connections(), 1, "one after the other, on one connection");
}
