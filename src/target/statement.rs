//! The target file: what an implementation declares about itself, in YAML.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::reader::Reader;
use crate::case::tree::{Mark, Node, Yaml};
use crate::case::{Mistakes, nearest};
use crate::wire::Transport;

/// What a target file says. Everything is optional; what isn't declared is probed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statement {
    /// Name of the implementation (claimed).
    pub name: Option<String>,
    /// Its version (claimed).
    pub version: Option<String>,
    /// Its address, of the wires that have none of their own.
    pub url: Option<String>,
    /// The address of the wire json.
    pub json: Option<String>,
    /// The address of the wire grpc.
    pub grpc: Option<String>,
    /// The address of the wires grpc-web and grpc-web-text.
    pub grpc_web: Option<String>,
    /// The address for provisioning, beside the thing under test.
    pub setup_url: Option<String>,
    /// `Host` / `:authority`, where it differs.
    pub authority: Option<String>,
    /// PEM file with the certificate authorities to trust, relative to the target file.
    pub ca: Option<PathBuf>,
    /// PEM file with the certificate that the caller shows, relative to the target file.
    pub client_cert: Option<PathBuf>,
    /// PEM file with its private key, relative to the target file.
    pub client_key: Option<PathBuf>,
    /// Transports that are declared: absent is a failure.
    pub transports: Vec<Transport>,
    /// Octets that a request message may have.
    pub message_limit: Option<u64>,
    /// Profiles that are claimed beside `core`.
    pub profiles: BTreeSet<String>,
    /// Origins whose pages may call.
    pub browser_origins: Vec<String>,
    /// Requirements whose matter is offered though it is optional.
    pub offers: Vec<String>,
}

/// Keys of a target file, with what they mean.
pub const KEYS: [(&str, &str); 16] = [
    ("name", "name of the implementation, for the record"),
    ("version", "its version, for the record"),
    ("url", "its address, http://HOST:PORT or https://HOST:PORT, with a path prefix if need be"),
    ("json", "address of the wire json, where it is another"),
    ("grpc", "address of the wire grpc, where it is another"),
    ("grpc-web", "address of the wires grpc-web and grpc-web-text, where it is another"),
    ("setup-url", "address for set-up and removal, beside the thing under test"),
    ("authority", "name to send as Host and :authority, where it differs from the address"),
    ("ca", "PEM file with the certificate authorities to trust, relative to this file"),
    ("client-cert", "PEM file with the certificate that the caller shows, relative to this file"),
    ("client-key", "PEM file with its private key, relative to this file"),
    ("transports", "list of declared transports, e.g. json/h1: absent is a failure"),
    ("message-limit", "octets that a request message of gRPC and gRPC-Web may have: one of exactly so many is taken, a longer one refused"),
    ("profiles", "list of profiles that are claimed beside core, e.g. zitadel"),
    ("browser-origins", "list of all origins whose pages may call, e.g. https://app.example: what browsers need is judged with the first"),
    ("offers", "list of requirements whose matter is offered though it is optional, e.g. DISC-HEALTH-SERVICE: absent is a failure"),
];

/// The profiles that there are.
pub const PROFILES: [&str; 3] = ["core", "zitadel", "hardening"];

impl Statement {
    /// Reads a target file.
    ///
    /// # Errors
    /// All mistakes at once, each with its place.
    pub fn read(path: &Path, text: &str) -> Result<Self, Mistakes> {
        Reader::of(path, text, Reader::statement)
    }
}

impl Reader {
    fn statement(&mut self, root: &Node) -> Statement {
        let mut statement = Statement::default();
        if !matches!(root.value, Yaml::Map(_)) {
            self.mistake(&root.mark, format!("a target file is a mapping, not {}", root.kind()), None);
            return statement;
        }
        for entry in root.entries() {
            match entry.key.as_str() {
                "name" => statement.name = self.text(&entry.value),
                "version" => statement.version = self.text(&entry.value),
                "url" => statement.url = self.url(&entry.value),
                "authority" => statement.authority = self.authority(&entry.value),
                "json" => statement.json = self.url(&entry.value),
                "grpc" => statement.grpc = self.url(&entry.value),
                "grpc-web" => statement.grpc_web = self.url(&entry.value),
                "setup-url" => statement.setup_url = self.url(&entry.value),
                "ca" => statement.ca = self.path(&entry.value),
                "client-cert" => statement.client_cert = self.path(&entry.value),
                "client-key" => statement.client_key = self.path(&entry.value),
                "transports" => statement.transports = self.transports(&entry.value),
                "message-limit" => statement.message_limit = self.limit(&entry.value),
                "profiles" => statement.profiles = self.profiles(&entry.value),
                "offers" => statement.offers = self.texts(&entry.value).into_iter().map(|(text, _)| text).collect(),
                "browser-origins" => statement.browser_origins = self.origins(&entry.value),
                other => self.unknown_key(&entry.at, other, "a target file", &KEYS.map(|(name, _)| name)),
            }
        }
        statement
    }

    /// A file, relative to the target file.
    fn path(&mut self, node: &Node) -> Option<PathBuf> {
        let folder = self.file.parent().map(Path::to_owned).unwrap_or_default();
        self.text(node).map(|name| folder.join(name))
    }

    fn url(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        if let Err(error) = super::Endpoint::parse(&text) {
            self.mistake(&node.mark, error.to_string(), None);
        }
        Some(text)
    }

    fn authority(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        let any = super::Endpoint { tls: false, host: String::new(), port: 80, authority: None, prefix: String::new() };
        if let Err(error) = any.with_authority(&text) {
            self.mistake(&node.mark, error.to_string(), None);
        }
        Some(text)
    }

    fn texts(&mut self, node: &Node) -> Vec<(String, Mark)> {
        if let Yaml::List(items) = &node.value {
            return items.iter().filter_map(|item| Some((self.text(item)?, item.mark.clone()))).collect();
        }
        self.mistake(&node.mark, format!("a list is needed here, not {}", node.kind()), None);
        Vec::new()
    }

    fn transports(&mut self, node: &Node) -> Vec<Transport> {
        let names: Vec<String> = Transport::ALL.iter().map(ToString::to_string).collect();
        let mut transports = Vec::new();
        for (text, mark) in self.texts(node) {
            match Transport::ALL.into_iter().find(|transport| transport.to_string() == text) {
                Some(transport) => transports.push(transport),
                None => {
                    let hint = nearest(&text, names.iter().map(String::as_str)).map(|name| format!("did you mean `{name}`?"));
                    self.mistake(
                        &mark,
                        format!("`{text}` is no transport"),
                        hint.or_else(|| Some(format!("known are {}", names.join(", ")))),
                    );
                }
            }
        }
        transports
    }

    fn limit(&mut self, node: &Node) -> Option<u64> {
        // More can't be sent in one message, and isn't by a run.
        const MOST: u64 = 64 << 20;
        let number = if let Yaml::Number(number) = &node.value { number.as_u64() } else { None };
        let number = number.filter(|octets| (1..=MOST).contains(octets));
        if number.is_none() {
            self.mistake(
                &node.mark,
                format!("a limit is a whole number of octets from 1 to {MOST}"),
                Some("leave it out where there is none".to_owned()),
            );
        }
        number
    }

    fn origins(&mut self, node: &Node) -> Vec<String> {
        let mut origins = Vec::new();
        for (text, mark) in self.texts(node) {
            if !super::browser::is_origin(&text) {
                let hint =
                    "write it as browsers do: https://HOST or https://HOST:PORT, in small letters, without a slash at the end".to_owned();
                self.mistake(&mark, format!("`{text}` is no origin"), Some(hint));
            }
            origins.push(text);
        }
        origins
    }

    fn profiles(&mut self, node: &Node) -> BTreeSet<String> {
        let mut profiles = BTreeSet::new();
        for (text, mark) in self.texts(node) {
            if PROFILES.contains(&text.as_str()) {
                profiles.insert(text);
            } else {
                let hint = nearest(&text, PROFILES).map(|name| format!("did you mean `{name}`?"));
                self.mistake(&mark, format!("`{text}` is no profile"), hint.or_else(|| Some(format!("known are {}", PROFILES.join(", ")))));
            }
        }
        profiles
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_file_is_read() {
        let text = "name: gateway\nversion: '2.1'\nurl: http://127.0.0.1:8080/api\ngrpc-web: http://127.0.0.1:8081\nca: ca.pem\nmessage-limit: 4194304\ntransports: [json/h1, grpc/h2]\nprofiles: [zitadel]\nbrowser-origins: ['http://localhost:3000']\n";
        let statement = Statement::read(Path::new("targets/a.yaml"), text).unwrap();
        assert_eq!(statement.name.as_deref(), Some("gateway"));
        assert_eq!(statement.version.as_deref(), Some("2.1"));
        assert_eq!(statement.grpc_web.as_deref(), Some("http://127.0.0.1:8081"));
        assert_eq!(statement.ca.as_deref(), Some(Path::new("targets/ca.pem")));
        assert_eq!(statement.transports, [Transport::ALL[0], Transport::ALL[2]]);
        assert_eq!(statement.message_limit, Some(4 << 20));
        assert!(statement.profiles.contains("zitadel"));
        assert_eq!(statement.browser_origins, ["http://localhost:3000"]);
    }

    #[test]
    fn all_mistakes_of_a_target_file_are_told_at_once() {
        let mistakes = Statement::read(
            Path::new("a.yaml"),
            "nmae: x\nurl: ftp://x\ntransports: [grpc/h1]\nprofiles: zitadel\nbrowser-origins: ['https://a/']\n",
        )
        .unwrap_err();
        let texts: Vec<String> = mistakes.0.iter().map(|it| format!("{}:{} {} {:?}", it.line, it.column, it.message, it.hint)).collect();
        assert_eq!(texts.len(), 5, "{texts:#?}");
        assert!(texts[0].starts_with("1:1 a target file has no key `nmae` Some(\"did you mean `name`?\")"), "{texts:#?}");
        assert!(texts[2].contains("did you mean `grpc/h2`?"), "{texts:#?}");
        assert!(texts[4].contains("`https://a/` is no origin"), "{texts:#?}");
    }
}
