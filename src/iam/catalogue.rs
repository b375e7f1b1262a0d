//! Every action that AWS documents, with its access level and the resources it applies to.
//!
//! The catalogue is one compressed text inside the program (see `data/SOURCES.md`), unpacked when first asked for. It
//! says what exists; no decision depends on it except where a question names an action and not its resource.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::OnceLock;

use super::pattern::Pattern;

static PACKED: &[u8] = include_bytes!("data/catalogue.txt.gz");

/// What AWS says an action may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Names of things.
    List,
    /// Contents of things.
    Read,
    /// Tags alone.
    Tagging,
    /// Changes things.
    Write,
    /// Changes who may do what.
    Permissions,
}

/// One action. What is said of it is read off the catalogue's text when asked: there are 22,000, and few are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Action {
    /// The name after the colon, as AWS writes it.
    pub name: &'static str,
    /// A letter for each access level.
    levels: &'static str,
    /// Positions in [`Service::types`] with commas between, marked where AWS requires a resource of the type.
    types: &'static str,
}

/// A kind of resource and what its ARN looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceType {
    /// The kind's name.
    pub name: &'static str,
    /// `%` is the partition, `@` the account.
    arn: &'static str,
}

impl ResourceType {
    /// The ARNs of this kind in one account.
    pub fn pattern(&self, partition: &str, account: &str) -> Pattern {
        Pattern::glob(&self.arn.replace('%', partition).replace('@', account))
    }
}

/// One service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    types: Vec<ResourceType>,
    /// Sorted by name in lower case.
    actions: Vec<Action>,
}

/// All services, by prefix. Few are asked for in one run, so each is read when it is.
#[derive(Debug, Default)]
pub struct Catalogue {
    services: BTreeMap<&'static str, Entry>,
}

/// What the catalogue's text says of one service.
#[derive(Debug)]
struct Entry {
    text: &'static str,
    service: OnceLock<Service>,
}

impl Entry {
    fn service(&self) -> &Service {
        self.service.get_or_init(|| Service::read(self.text))
    }
}

/// The catalogue inside this program.
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    static TEXT: OnceLock<String> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        Catalogue::read(TEXT.get_or_init(|| {
            let mut text = String::new();
            // INVARIANT: the bytes are part of the program, and a test reads them.
            match flate2::read::GzDecoder::new(PACKED).read_to_string(&mut text) {
                Ok(_) => text,
                Err(_) => String::new(),
            }
        }))
    })
}

impl Catalogue {
    fn read(text: &'static str) -> Self {
        let of_service = |text: &'static str| {
            let (prefix, text) = text.split_once('\n').unwrap_or((text, ""));
            (prefix, Entry { text, service: OnceLock::new() })
        };
        Self { services: text.trim_start_matches('!').split("\n!").map(of_service).collect() }
    }

    /// The service with this prefix, in any case.
    pub fn service(&self, prefix: &str) -> Option<&Service> {
        self.services.get(prefix.to_ascii_lowercase().as_str()).map(Entry::service)
    }

    /// The prefixes, sorted.
    pub fn prefixes(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.services.keys().copied()
    }

    /// The action `service:Name`, in any case.
    pub fn action(&self, action: &str) -> Option<&Action> {
        let (prefix, name) = action.split_once(':')?;
        self.service(prefix)?.action(name)
    }

    /// Whether some action matches a pattern such as `s3:Get*`.
    pub fn has_match(&self, pattern: &str) -> bool {
        let pattern = pattern.to_ascii_lowercase();
        let Some((prefix, name)) = pattern.split_once(':') else { return pattern.chars().all(|letter| letter == '*') };
        let name = Pattern::glob(name);
        let prefix = Pattern::glob(prefix);
        let mut services =
            self.services.iter().filter(|(own, _)| prefix.matches(own)).map(|(_, entry)| entry.service());
        match name.as_literal() {
            Some(literal) => services.any(|service| service.action(literal).is_some()),
            None => {
                services.any(|service| service.actions.iter().any(|own| name.matches(&own.name.to_ascii_lowercase())))
            }
        }
    }

    /// The ARNs, in any account of a partition, of every kind of resource that an action applies to.
    pub fn kinds(&self, action: &str, partition: &str) -> Vec<Pattern> {
        let Some((service, entry)) = action.split_once(':').and_then(|(p, _)| self.service(p)).zip(self.action(action))
        else {
            return Vec::new();
        };
        let kinds = entry.types().filter_map(|(position, _)| service.types.get(position));
        kinds.map(|kind| kind.pattern(partition, "*")).collect()
    }

    /// The resources that an action needs, one list for each kind that it needs: `*` for an action without resources.
    ///
    /// Where AWS requires no kind but knows some, any of them will do.
    pub fn resources(&self, action: &str, kind: Option<&str>, partition: &str, account: &str) -> Vec<Vec<Pattern>> {
        let everything = || vec![vec![Pattern::literal("*")]];
        let Some((service, entry)) = action.split_once(':').and_then(|(p, _)| self.service(p)).zip(self.action(action))
        else {
            return vec![vec![Pattern::anything()]];
        };
        let resolve = |(position, needed): (usize, bool)| service.types.get(position).map(|kind| (*kind, needed));
        let types: Vec<(ResourceType, bool)> = entry.types().filter_map(resolve).collect();
        if types.is_empty() {
            return everything();
        }
        let pattern = |kind: &ResourceType| kind.pattern(partition, account);
        if let Some(name) = kind {
            let named = types.iter().filter(|(own, _)| own.name == name).map(|(own, _)| pattern(own)).collect();
            return vec![named];
        }
        let required: Vec<Vec<Pattern>> =
            types.iter().filter(|(_, needed)| *needed).map(|(own, _)| vec![pattern(own)]).collect();
        if required.is_empty() { vec![types.iter().map(|(own, _)| pattern(own)).collect()] } else { required }
    }
}

impl Service {
    fn read(text: &'static str) -> Self {
        let mut service = Self::default();
        for line in text.lines() {
            let Some((name, rest)) = line.split_once(' ') else { continue };
            if let Some(name) = name.strip_prefix('=') {
                service.types.push(ResourceType { name, arn: rest });
            } else {
                let (levels, types) = rest.split_once(' ').unwrap_or((rest, ""));
                service.actions.push(Action { name, levels, types });
            }
        }
        service.actions.sort_by(|one, other| in_lower_case(one.name).cmp(in_lower_case(other.name)));
        service
    }

    /// The action with this name, in any case.
    fn action(&self, name: &str) -> Option<&Action> {
        let found = self.actions.binary_search_by(|own| in_lower_case(own.name).cmp(in_lower_case(name))).ok()?;
        self.actions.get(found)
    }

    /// The kinds of resources.
    pub fn types(&self) -> &[ResourceType] {
        &self.types
    }

    /// The actions, sorted by name in lower case.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        self.actions.iter()
    }
}

impl Action {
    /// The access levels; a few actions have two.
    pub fn levels(&self) -> impl Iterator<Item = Level> + use<> {
        self.levels.chars().filter_map(|letter| match letter {
            'L' => Some(Level::List),
            'R' => Some(Level::Read),
            'T' => Some(Level::Tagging),
            'W' => Some(Level::Write),
            'P' => Some(Level::Permissions),
            _ => None,
        })
    }

    fn types(&self) -> impl Iterator<Item = (usize, bool)> + use<> {
        self.types.split([',', ' ']).filter_map(|word| {
            let number = word.trim_end_matches('*');
            Some((number.parse().ok()?, number.len() < word.len()))
        })
    }

    /// True when the action only looks.
    pub fn is_read_only(&self) -> bool {
        self.levels().all(|level| matches!(level, Level::List | Level::Read))
    }

    /// True when the action applies to no resource, so that its statements need `Resource: "*"`.
    pub fn has_no_resource(&self) -> bool {
        self.types().next().is_none()
    }
}

fn in_lower_case(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().map(|byte| byte.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_catalogue_is_there() {
        let actions: usize = catalogue().services.values().map(|entry| entry.service().actions.len()).sum();
        assert_eq!((catalogue().services.len(), actions), (456, 22_091));
    }

    #[test]
    fn an_action_is_found_in_any_case_with_level_and_resources() {
        let action = catalogue().action("IAM:createuser").unwrap();
        assert_eq!((action.name, action.levels().collect::<Vec<_>>()), ("CreateUser", vec![Level::Write]));
        let needs = catalogue().resources("iam:CreateUser", None, "aws-cn", "123456789012");
        assert_eq!(needs, [vec![Pattern::glob("arn:aws-cn:iam::123456789012:user/*")]]);
        assert_eq!(catalogue().resources("ec2:DescribeInstances", None, "aws", "1"), [vec![Pattern::literal("*")]]);
    }

    #[test]
    fn patterns_are_known_when_some_action_matches() {
        assert!(catalogue().has_match("s3:Get*") && catalogue().has_match("*") && catalogue().has_match("*:Get*"));
        assert!(!catalogue().has_match("s3:Fetch*") && !catalogue().has_match("s4:*") && !catalogue().has_match("s3"));
    }
}
