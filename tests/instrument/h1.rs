//! HTTP/1.1 against scripted sockets.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use triwire::wire::{Body, Content, End, Framing, Phase};

use crate::support::{JSON_H1, Server, body, call, client_of, fields, get, read_request, send, status};

/// A server that answers each first request of a connection with these octets, in these pieces, and closes.
async fn answering(pieces: &'static [&'static str]) -> Server {
    Server::new(move |_, mut stream| async move {
        read_request(&mut stream).await?;
        for piece in pieces {
            stream.write_all(piece.as_bytes()).await?;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stream.shutdown().await
    })
    .await
}

fn is_malformed(end: &End, part: &str) -> bool {
    matches!(end, End::Malformed { text } if text.contains(part))
}

#[tokio::test]
async fn a_split_head_keeps_order_case_and_duplicates() {
    let server =
        answering(&["HT", "TP/1.1 200 ", "OK\r\nX-B: 1\r\nx-a:", " 2\r\nX-B: 3\r\nContent-Le", "ngth: 4\r\n\r", "\nbo", "dy"]).await;
    let exchange = get(&server.client(), JSON_H1).await;
    assert_eq!(exchange.received.end, End::Complete);
    assert_eq!(fields(&exchange.received.heads[0].fields), ["X-B: 1", "x-a: 2", "X-B: 3", "Content-Length: 4"]);
    assert_eq!((exchange.received.framing.clone(), body(&exchange)), (Some(Framing::Length(4)), "body".to_owned()));
    assert_eq!(fields(&exchange.sent.fields)[0], format!("Host: {}", server.address));
    assert!(exchange.timing.connect <= exchange.timing.head && exchange.timing.head <= exchange.timing.total);
}

#[tokio::test]
async fn chunks_with_a_trailer_section() {
    let server = answering(&[
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
        "c\r\n2;x=y\r\nde\r",
        "\n0\r\nX-T: 1\r\nx-t: 2\r\n",
        "\r\n",
    ])
    .await;
    let exchange = get(&server.client(), JSON_H1).await;
    assert_eq!(exchange.received.end, End::Complete);
    assert_eq!((exchange.received.framing.clone(), body(&exchange)), (Some(Framing::Chunked { last: true }), "abcde".to_owned()));
    assert_eq!(fields(exchange.received.trailers.as_deref().unwrap()), ["X-T: 1", "x-t: 2"]);
}

#[tokio::test]
async fn informational_heads_come_before_the_final_one() {
    let server =
        answering(&["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"]).await;
    let exchange = get(&server.client(), JSON_H1).await;
    let statuses: Vec<_> = exchange.received.heads.iter().map(|head| head.status).collect();
    assert_eq!(statuses, [Some(100), Some(103), Some(204)]);
    assert_eq!((status(&exchange), exchange.received.framing, exchange.received.end), (Some(204), Some(Framing::None), End::Complete));
}

#[tokio::test]
async fn content_until_the_close() {
    let server = answering(&["HTTP/1.1 200 OK\r\n\r\nab", "cd"]).await;
    let exchange = get(&server.client(), JSON_H1).await;
    assert_eq!(
        (exchange.received.framing.clone(), body(&exchange), exchange.received.end),
        (Some(Framing::Close), "abcd".to_owned(), End::Complete)
    );
}

#[tokio::test]
async fn a_head_request_has_no_content() {
    let server = answering(&["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"]).await;
    let exchange = send(&server.client(), call(JSON_H1, "HEAD", "/x", Content::None)).await;
    assert_eq!((exchange.received.framing, exchange.received.end), (Some(Framing::None), End::Complete));
    let server = answering(&["HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"]).await;
    let exchange = send(&server.client(), call(JSON_H1, "HEAD", "/x", Content::None)).await;
    assert!(is_malformed(&exchange.received.end, "4 octets follow"), "{:?}", exchange.received.end);
}

#[tokio::test]
async fn what_is_no_http_is_malformed() {
    for (octets, part) in [
        (&["SSH-2.0-OpenSSH_9\r\n"][..], "no status line"),
        (&["HTTP/1.1 abc\r\n\r\n"], "no status line"),
        (&["HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 0\r\n\r\n"], "no colon"),
        (&["HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"], "Content-Length"),
        (&["HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na"], "Content-Length"),
        (&["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"], "chunk size"),
        (&["HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc"], "2 octets follow"),
    ] {
        let server = answering(octets).await;
        let exchange = get(&server.client(), JSON_H1).await;
        assert!(is_malformed(&exchange.received.end, part), "{octets:?}: {:?}", exchange.received.end);
    }
}

#[tokio::test]
async fn truncated_responses_are_closed() {
    for (octets, heads) in [
        (&[][..], 0),
        (&["HTTP/1.1 200 OK\r\nX: 1\r\n"], 1),
        (&["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"], 1),
        (&["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc"], 1),
        (&["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"], 1),
    ] {
        let server = answering(octets).await;
        let exchange = get(&server.client(), JSON_H1).await;
        assert!(matches!(exchange.received.end, End::Closed { .. }), "{octets:?}: {:?}", exchange.received.end);
        assert_eq!(exchange.received.heads.len(), heads);
        assert_eq!(server.connections(), 1, "a new connection that is closed is not tried again");
    }
}

#[tokio::test]
async fn endless_content_and_giant_heads_are_cut() {
    let server = Server::new(|number, mut stream| async move {
        read_request(&mut stream).await?;
        stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
        if number == 0 {
            stream.write_all(b"\r\n").await?;
        }
        loop {
            stream.write_all(&b"x: y\r\n".repeat(1000)).await?;
        }
    })
    .await;
    let client = server.small();
    let exchange = get(&client, JSON_H1).await;
    assert!(matches!(exchange.received.end, End::TooLarge { .. }), "{:?}", exchange.received.end);
    let content = exchange.received.content;
    assert_eq!((content.length, content.kept.0.len(), content.sha256.is_some()), (500_000, Body::KEEP, true));
    let exchange = get(&client, JSON_H1).await;
    assert!(matches!(&exchange.received.end, End::TooLarge { text } if text.contains("heads")), "{:?}", exchange.received.end);
}

#[tokio::test]
async fn each_deadline_has_its_phase() {
    async fn phase(drip: &'static str, start: &'static str) -> (End, Duration) {
        let server = Server::new(move |_, mut stream| async move {
            read_request(&mut stream).await?;
            stream.write_all(start.as_bytes()).await?;
            loop {
                tokio::time::sleep(Duration::from_millis(50)).await;
                stream.write_all(drip.as_bytes()).await?;
            }
        })
        .await;
        let began = Instant::now();
        let exchange = get(&server.client(), JSON_H1).await;
        (exchange.received.end, began.elapsed())
    }
    for (drip, start, expected) in [
        ("", "", Phase::Head),
        ("a", "HTTP/1.1 200 OK\r\nX: ", Phase::Head),
        ("", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na", Phase::Content),
        ("a", "HTTP/1.1 200 OK\r\n\r\n", Phase::Whole),
    ] {
        let (end, took) = phase(drip, start).await;
        assert_eq!(end, End::TimedOut { phase: expected }, "{start:?}");
        assert!(took < Duration::from_secs(3), "{took:?}");
    }
}

#[tokio::test]
async fn an_early_answer_to_a_long_request_is_read() {
    let server = Server::new(|_, mut stream| async move {
        stream.read_exact(&mut [0; 16]).await?;
        stream.write_all(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno").await?;
        // Never reads the rest, and doesn't close either.
        tokio::time::sleep(Duration::from_secs(5)).await;
        Ok(())
    })
    .await;
    let client = server.client();
    let exchange = send(&client, call(JSON_H1, "POST", "/x", Content::Octets(vec![b'a'; 20_000_000]))).await;
    assert_eq!((status(&exchange), body(&exchange), exchange.received.end), (Some(413), "no".to_owned(), End::Complete));
    assert_eq!(exchange.sent.content.length, 20_000_000);
    get(&client, JSON_H1).await;
    assert_eq!(server.connections(), 2, "a connection with half a request on it is not used again");
}

#[tokio::test]
async fn connections_are_reused_only_after_a_clean_end() {
    for (answer, connections) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", 1),
        ("HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 1\r\n\r\na", 2),
        ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", 2),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", 2),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 2),
    ] {
        let server = Server::new(move |_, mut stream| async move {
            loop {
                read_request(&mut stream).await?;
                stream.write_all(answer.as_bytes()).await?;
            }
        })
        .await;
        let client = server.client();
        get(&client, JSON_H1).await;
        let second = get(&client, JSON_H1).await;
        assert_eq!(status(&second), Some(200));
        assert_eq!(server.connections(), connections, "{answer:?}");
        client.send_new_connection(call(JSON_H1, "GET", "/", Content::None), 3, Duration::ZERO).await.unwrap();
        assert_eq!(server.connections(), connections + 1);
        client.close().await;
    }
}

#[tokio::test]
async fn a_connection_closed_while_idle_is_replaced() {
    let server = Server::new(|_, mut stream| async move {
        read_request(&mut stream).await?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await
    })
    .await;
    let client = server.client();
    for number in 1..=3 {
        assert_eq!(get(&client, JSON_H1).await.received.end, End::Complete);
        assert_eq!(server.connections(), number);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(client.retries(), 0, "the close was seen before anything was sent");
}

#[tokio::test]
async fn a_reused_connection_closed_without_an_answer_is_tried_again_once() {
    let server = Server::new(|number, mut stream| async move {
        if number == 0 {
            read_request(&mut stream).await?;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await?;
        }
        // From here on: takes a request and says nothing.
        read_request(&mut stream).await.map(|_| ())
    })
    .await;
    let client = server.client();
    assert_eq!(get(&client, JSON_H1).await.received.end, End::Complete);
    let second = get(&client, JSON_H1).await;
    assert!(matches!(second.received.end, End::Closed { .. }));
    assert_eq!((server.connections(), client.retries()), (2, 1));
}

#[tokio::test]
async fn a_half_closing_server_is_understood() {
    let server = Server::new(|_, mut stream| async move {
        read_request(&mut stream).await?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab").await?;
        stream.shutdown().await?;
        // Still reads: only its sending side is closed.
        stream.read_to_end(&mut Vec::new()).await.map(|_| ())
    })
    .await;
    let exchange = get(&server.client(), JSON_H1).await;
    assert!(matches!(&exchange.received.end, End::Closed { text } if text.contains("3 octets")), "{:?}", exchange.received.end);
    assert_eq!(body(&exchange), "ab");
}

#[tokio::test]
async fn nobody_listens() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let free = listener.local_addr().unwrap();
    drop(listener);
    let exchange = get(&client_of(free), JSON_H1).await;
    assert!(matches!(&exchange.received.end, End::NoConnection { text } if text.contains("refused the connection; does the target run")));
    assert_eq!(exchange.sent.path, "/x");
}

#[tokio::test]
async fn a_dropped_call_leaves_nothing_behind() {
    let server = answering(&["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na"]).await;
    let client = server.client();
    let dropped = tokio::time::timeout(Duration::from_millis(1), get(&client, JSON_H1)).await;
    assert!(dropped.is_err());
    assert!(matches!(get(&client, JSON_H1).await.received.end, End::Closed { .. }));
}

#[tokio::test]
async fn a_server_of_another_protocol_is_named() {
    for (octets, part) in [(&b"\x15\x03\x01\x00\x02\x02\x46"[..], "https://"), (&[0, 0, 0, 4, 0, 0, 0, 0, 0][..], "HTTP/2")] {
        let server = Server::new(move |_, mut stream| async move {
            stream.write_all(octets).await?;
            tokio::time::sleep(Duration::from_secs(5)).await;
            Ok(())
        })
        .await;
        let exchange = get(&server.client(), JSON_H1).await;
        assert!(is_malformed(&exchange.received.end, part), "{:?}", exchange.received.end);
    }
}
