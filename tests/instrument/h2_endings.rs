//! How HTTP/2 exchanges end, and what becomes of the connection.

use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use triwire::wire::{Content, End, Phase};

use crate::support::{JSON_H2, RawH2, Server, block, body, call, frame, get, send, status};

#[tokio::test]
async fn a_reset_has_its_code() {
    let server = Server::new(|_, stream| async move {
        let mut h2 = RawH2::accept(stream).await?;
        let (id, _) = h2.request().await?;
        h2.write(1, 4, id, &block(&[(":status", "200")])).await?;
        h2.write(0, 0, id, b"part").await?;
        h2.reset(id, 2).await?;
        h2.linger().await
    })
    .await;
    let exchange = get(&server.client(), JSON_H2).await;
    assert_eq!((exchange.received.end.clone(), status(&exchange), body(&exchange)), (End::Reset { code: 2 }, Some(200), "part".to_owned()));
}

#[tokio::test]
async fn a_refused_stream_is_sent_again_once() {
    let server = Server::new(|number, stream| async move {
        let mut h2 = RawH2::accept(stream).await?;
        let (id, _) = h2.request().await?;
        if number == 1 {
            h2.answer(id, "second").await?
        } else {
            h2.reset(id, 7).await?
        }
        h2.linger().await
    })
    .await;
    let client = server.client();
    let exchange = get(&client, JSON_H2).await;
    assert_eq!((exchange.received.end.clone(), body(&exchange), client.retries()), (End::Complete, "second".to_owned(), 1));
    let always = Server::new(|_, stream| async move {
        let mut h2 = RawH2::accept(stream).await?;
        let (id, _) = h2.request().await?;
        h2.reset(id, 7).await?;
        h2.linger().await
    })
    .await;
    assert_eq!(get(&always.client(), JSON_H2).await.received.end, End::Reset { code: 7 });
    assert_eq!(always.connections(), 2);
}

#[tokio::test]
async fn goaway_with_an_error() {
    let server = Server::new(|_, stream| async move {
        let mut h2 = RawH2::accept(stream).await?;
        let (id, _) = h2.request().await?;
        h2.goaway(id, 11).await?;
        h2.write(1, 4, id, &block(&[(":status", "200")])).await
    })
    .await;
    let received = get(&server.client(), JSON_H2).await.received;
    assert_eq!(received.end, End::GoAway { code: 11 });
    assert_eq!((received.heads.len(), server.connections()), (1, 1), "the call may have been processed, so it isn't sent again");
}

#[tokio::test]
async fn goaway_that_lets_the_call_finish() {
    let server = Server::new(|_, stream| async move {
        let mut h2 = RawH2::accept(stream).await?;
        let (id, _) = h2.request().await?;
        h2.goaway(0x7fff_ffff, 0).await?;
        tokio::time::sleep(Duration::from_millis(20)).await;
        h2.answer(id, "finished").await?;
        h2.linger().await
    })
    .await;
    let client = server.client();
    for connections in 1..=2 {
        let exchange = get(&client, JSON_H2).await;
        assert_eq!((exchange.received.end.clone(), body(&exchange)), (End::Complete, "finished".to_owned()));
        assert_eq!(server.connections(), connections, "the connection is not used again");
    }
    assert_eq!(client.retries(), 0);
}

#[tokio::test]
async fn goaway_before_the_call_was_processed() {
    let server = Server::new(|number, stream| async move {
        let mut h2 = RawH2::accept(stream).await?;
        let (id, _) = h2.request().await?;
        if number == 1 {
            h2.answer(id, "second").await?
        } else {
            h2.goaway(0, 0).await?
        }
        h2.linger().await
    })
    .await;
    let client = server.client();
    let exchange = get(&client, JSON_H2).await;
    assert_eq!((exchange.received.end.clone(), body(&exchange), client.retries()), (End::Complete, "second".to_owned(), 1));
}

#[tokio::test]
async fn goaway_and_close_between_calls() {
    let server = Server::new(|number, stream| async move {
        let mut h2 = RawH2::accept(stream).await?;
        let (id, _) = h2.request().await?;
        h2.answer(id, "x").await?;
        if number == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            h2.goaway(id, 0).await?;
            h2.linger().await?;
        }
        Ok(())
    })
    .await;
    let client = server.client();
    for number in 1..=3 {
        assert_eq!(get(&client, JSON_H2).await.received.end, End::Complete);
        assert_eq!(server.connections(), number);
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    assert_eq!(client.retries(), 0, "it was seen before anything was sent");
}

#[tokio::test]
async fn a_clean_connection_is_used_again() {
    let server = Server::new(|_, stream| async move {
        let mut h2 = RawH2::accept(stream).await?;
        loop {
            let (id, _) = h2.request().await?;
            h2.answer(id, &format!("stream {id}")).await?;
            // A ping while nobody waits is answered with the next call.
            h2.write(6, 0, 0, &[0; 8]).await?;
        }
    })
    .await;
    let client = server.client();
    for id in [1, 3, 5] {
        assert_eq!(body(&get(&client, JSON_H2).await), format!("stream {id}"));
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_close_inside_the_response() {
    let server = Server::new(|_, stream| async move {
        let mut h2 = RawH2::accept(stream).await?;
        let (id, _) = h2.request().await?;
        h2.write(1, 4, id, &block(&[(":status", "200")])).await?;
        h2.write_octets(&frame(0, 1, id, b"data")[..11]).await
    })
    .await;
    let exchange = get(&server.client(), JSON_H2).await;
    assert!(matches!(exchange.received.end, End::Closed { .. }), "{:?}", exchange.received.end);
    assert_eq!((status(&exchange), server.connections()), (Some(200), 1));
}

#[tokio::test]
async fn other_protocols_are_named() {
    for (octets, part) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "HTTP/1.1"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "https://"),
        (&[0xff, 0xff, 0xff, 4, 0, 0, 0, 0, 0], "16777215 octets"),
    ] {
        let server = Server::new(move |_, mut stream| async move {
            stream.write_all(octets).await?;
            tokio::time::sleep(Duration::from_secs(5)).await;
            Ok(())
        })
        .await;
        let end = get(&server.client(), JSON_H2).await.received.end;
        assert!(matches!(&end, End::Malformed { text } if text.contains(part)), "{end:?}");
    }
}

#[tokio::test]
async fn each_deadline_has_its_phase() {
    async fn end(head: bool, drip: &'static [u8]) -> End {
        let server = Server::new(move |_, stream| async move {
            let mut h2 = RawH2::accept(stream).await?;
            let (id, _) = h2.request().await?;
            if head {
                h2.write(1, 4, id, &block(&[(":status", "200")])).await?;
            }
            loop {
                tokio::time::sleep(Duration::from_millis(50)).await;
                if drip.is_empty() { h2.write(6, 0, 0, &[0; 8]).await? } else { h2.write(0, 0, id, drip).await? }
            }
        })
        .await;
        get(&server.client(), JSON_H2).await.received.end
    }
    let began = Instant::now();
    assert_eq!(end(false, b"").await, End::TimedOut { phase: Phase::Head });
    assert_eq!(end(true, b"").await, End::TimedOut { phase: Phase::Content }, "pings are no content");
    assert_eq!(end(true, b"a").await, End::TimedOut { phase: Phase::Whole });
    assert!(began.elapsed() < Duration::from_secs(6));
}

#[tokio::test]
async fn a_server_that_never_reads_or_answers() {
    let server = Server::new(|_, stream| async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        drop(stream);
        Ok(())
    })
    .await;
    let exchange = send(&server.client(), call(JSON_H2, "POST", "/x", Content::Octets(vec![0; 5_000_000]))).await;
    assert_eq!(exchange.received.end, End::TimedOut { phase: Phase::Head });
}

#[tokio::test]
async fn endless_content_heads_and_frames_are_cut() {
    for kind in [0, 9, 8] {
        let server = Server::new(move |_, stream| async move {
            let mut h2 = RawH2::accept(stream).await?;
            let (id, _) = h2.request().await?;
            let head = block(&[(":status", "200")]);
            h2.write(1, if kind == 9 { 0 } else { 4 }, id, &head).await?;
            let next = match kind {
                // Content beyond the bound, within the window that the client gives.
                0 => frame(0, 0, id, &[b'a'; 16_000]),
                9 => frame(9, 0, id, &block(&[("x", "y")]).repeat(400)),
                // Window updates of no use, without end.
                _ => frame(8, 0, id, &[0, 0, 0, 1]).repeat(500),
            };
            loop {
                h2.write_octets(&next).await?;
            }
        })
        .await;
        let end = get(&server.small(), JSON_H2).await.received.end;
        match kind {
            // The library has bounds of its own against floods; either may be first.
            9 => assert!(matches!(end, End::TooLarge { .. } | End::Malformed { .. }), "{kind}: {end:?}"),
            _ => assert!(matches!(end, End::TooLarge { .. }), "{kind}: {end:?}"),
        }
    }
}

#[tokio::test]
async fn an_early_answer_stops_the_upload() {
    let server = Server::new(|_, stream| async move {
        let mut h2 = RawH2::accept(stream).await?;
        while h2.read().await?.kind != 1 {}
        // The default window is used up, and no more is given.
        h2.write_octets(&[frame(1, 4, 1, &block(&[(":status", "413")])), frame(0, 1, 1, b"no"), frame(3, 0, 1, &[0; 4])].concat()).await?;
        h2.linger().await
    })
    .await;
    let client = server.client();
    let exchange = send(&client, call(JSON_H2, "POST", "/x", Content::Octets(vec![0; 1_000_000]))).await;
    assert_eq!((exchange.received.end.clone(), status(&exchange), body(&exchange)), (End::Complete, Some(413), "no".to_owned()));
}
