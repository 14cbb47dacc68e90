//! Path templates of `google.api.http` and the router made of them.

use percent_encoding::percent_decode_str;

use super::methods::{Binding, Contract};

/// `/v1/{name=shelves/*}/books/{book}:verb`, taken apart (grammar: `google/api/http.proto`, "Path template syntax").
#[derive(Debug, PartialEq, Eq)]
pub struct Template {
    segments: Vec<Segment>,
    variables: Vec<Variable>,
    verb: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    /// `*`
    One,
    /// `**`
    Rest,
}

#[derive(Debug, PartialEq, Eq)]
struct Variable {
    field: String,
    from: usize,
    to: usize,
}

impl Template {
    /// Reads a template; none if it does not follow the grammar.
    pub fn read(text: &str) -> Option<Self> {
        let mut rest = text.strip_prefix('/')?;
        let mut template = Self { segments: Vec::new(), variables: Vec::new(), verb: None };
        loop {
            if let Some(inner) = rest.strip_prefix('{') {
                let (variable, after) = inner.split_once('}')?;
                let (field, pattern) = variable.split_once('=').unwrap_or((variable, "*"));
                let from = template.segments.len();
                template.segments.extend(pattern.split('/').map(Segment::read));
                template.variables.push(Variable { field: field.to_owned(), from, to: template.segments.len() });
                rest = after;
            } else {
                let end = rest.find(['/', ':']).unwrap_or(rest.len());
                let (segment, after) = rest.split_at(end);
                if segment.is_empty() {
                    return None;
                }
                template.segments.push(Segment::read(segment));
                rest = after;
            }
            if rest.is_empty() {
                return Some(template);
            }
            if let Some(verb) = rest.strip_prefix(':') {
                template.verb = Some(verb.to_owned());
                return Some(template);
            }
            rest = rest.strip_prefix('/')?;
        }
    }

    /// Matches the segments of a path, each decoded once, and gives the values of the variables.
    fn matches(&self, path: &[String]) -> Option<Vec<(String, String)>> {
        let mut path = path.to_vec();
        if let Some(verb) = &self.verb {
            let last = path.last_mut()?;
            *last = last.strip_suffix(verb)?.strip_suffix(':')?.to_owned();
        }
        let rest = self.segments.last() == Some(&Segment::Rest);
        let fits = if rest { path.len() + 1 >= self.segments.len() } else { path.len() == self.segments.len() };
        let equal = self.segments.iter().zip(&path).all(|(segment, part)| match segment {
            Segment::Literal(literal) => literal == part,
            Segment::One => !part.is_empty(),
            Segment::Rest => true,
        });
        if !fits || !equal {
            return None;
        }
        let values = self.variables.iter().map(|variable| {
            let to = if rest && variable.to == self.segments.len() { path.len() } else { variable.to };
            let value = path.get(variable.from..to).unwrap_or_default().join("/");
            (variable.field.clone(), value)
        });
        Some(values.collect())
    }

    /// The template with more literal segments in front wins.
    fn rank(&self) -> Vec<u8> {
        let rank = |segment: &Segment| match segment {
            Segment::Literal(_) => 0,
            Segment::One => 1,
            Segment::Rest => 2,
        };
        self.segments.iter().map(rank).collect()
    }
}

impl Segment {
    fn read(text: &str) -> Self {
        match text {
            "*" => Self::One,
            "**" => Self::Rest,
            literal => Self::Literal(literal.to_owned()),
        }
    }
}

/// Where a JSON request goes.
#[derive(Debug)]
pub enum Route<'a> {
    /// A binding, with the values of its path variables.
    Found(&'a Binding, Vec<(String, String)>),
    /// The path is known, the method is not: these are.
    OtherMethods(Vec<&'a http::Method>),
    /// No binding has this path.
    Unknown,
    /// The path holds a broken percent-encoding, or octets that are no UTF-8.
    Malformed,
}

/// Finds the binding of a request. Segments are compared as given, with case, after decoding them once (RFC 3986, 6.2.2 and 2.4).
pub fn route<'a>(contract: &'a Contract, verb: &http::Method, path: &str) -> Route<'a> {
    let Some(path) = path.strip_prefix('/') else {
        return Route::Unknown;
    };
    let Some(segments) = path.split('/').map(decode).collect::<Option<Vec<_>>>() else {
        return Route::Malformed;
    };
    let mut fitting: Vec<_> =
        contract.bindings.iter().filter_map(|binding| Some((binding, binding.template.matches(&segments)?))).collect();
    fitting.sort_by_key(|(binding, _)| binding.template.rank());
    let mut methods: Vec<_> = fitting.iter().map(|(binding, _)| &binding.verb).collect();
    match fitting.into_iter().find(|(binding, _)| binding.verb == verb) {
        Some((binding, values)) => Route::Found(binding, values),
        None if methods.is_empty() => Route::Unknown,
        None => {
            methods.sort_by_key(|method| method.as_str());
            methods.dedup();
            Route::OtherMethods(methods)
        }
    }
}

fn decode(segment: &str) -> Option<String> {
    let bytes = segment.as_bytes();
    let broken = |at: usize| {
        let digits = bytes.get(at + 1..at + 3);
        !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if (0..bytes.len()).any(|at| bytes[at] == b'%' && broken(at)) {
        return None;
    }
    let text = percent_decode_str(segment).decode_utf8().ok()?;
    Some(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(path: &str) -> Vec<String> {
        path.split('/').map(str::to_owned).collect()
    }

    #[test]
    fn templates_bind_variables_and_verbs() {
        let template = Template::read("/v1/{name=shelves/*}/books/{book}:lend").unwrap();
        assert_eq!(
            template.matches(&parts("v1/shelves/3/books/a:lend")),
            Some(vec![("name".into(), "shelves/3".into()), ("book".into(), "a".into())])
        );
        assert_eq!(template.matches(&parts("v1/shelves/3/books/a")), None);
        assert_eq!(template.matches(&parts("v1/shelves//books/a:lend")), None);
        let rest = Template::read("/v1/{path=**}").unwrap();
        assert_eq!(rest.matches(&parts("v1/a/b")), Some(vec![("path".into(), "a/b".into())]));
        assert!(Template::read("v1").is_none());
        assert!(Template::read("/v1//x").is_none());
    }

    #[test]
    fn a_segment_is_decoded_once() {
        assert_eq!(decode("a%5Fb").as_deref(), Some("a_b"));
        assert_eq!(decode("a%255Fb").as_deref(), Some("a%5Fb"));
        assert_eq!(decode("%"), None);
        assert_eq!(decode("%zz"), None);
        assert_eq!(decode("%FF"), None);
    }

    #[test]
    fn the_contract_routes() {
        fn at(verb: http::Method, path: &str) -> Route<'static> {
            route(super::super::methods::contract(), &verb, path)
        }
        let base = "/management/v1/policies/login";
        assert!(matches!(at(http::Method::POST, &format!("{base}/second_factors/_search")), Route::Found(..)));
        match at(http::Method::DELETE, &format!("{base}/second_factors/OTP")) {
            Route::Found(_, values) => assert_eq!(values, [("type".into(), "OTP".into())]),
            other => panic!("{other:?}"),
        }
        match at(http::Method::PUT, &format!("{base}/second_factors")) {
            Route::OtherMethods(methods) => assert_eq!(methods, [http::Method::POST]),
            other => panic!("{other:?}"),
        }
        for path in ["second_factors/", "second_factors:undelete", "third_factors"] {
            assert!(matches!(at(http::Method::POST, &format!("{base}/{path}")), Route::Unknown));
        }
    }
}
