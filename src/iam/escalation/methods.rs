//! The methods by which a principal gains permissions, as data (`data/methods.yaml`).

use std::sync::OnceLock;

use serde::Deserialize;

static TEXT: &str = include_str!("../data/methods.yaml");

/// One method as the file has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    title: String,
    #[serde(default)]
    grant: Option<String>,
    #[serde(default)]
    lift: Option<String>,
    #[serde(default, rename = "use")]
    takes: Option<String>,
    #[serde(default)]
    create: Option<String>,
    #[serde(default)]
    pass_role: Vec<String>,
    #[serde(default)]
    runs_as: Vec<String>,
    #[serde(default)]
    what: Option<String>,
    #[serde(default)]
    profile: bool,
    #[serde(default)]
    actions: Vec<String>,
    #[serde(default)]
    also: Vec<String>,
}

/// An action that a method needs, and on which kind of resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The action, as in `lambda:InvokeFunction`.
    pub action: String,
    /// The kind of resource by the catalogue's name; every kind that AWS requires when not said.
    pub kind: Option<String>,
}

/// How a method works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// The caller changes its own policies.
    GrantSelf {
        /// The action that changes them.
        grant: String,
    },
    /// The caller removes what limits it.
    Lift {
        /// The action that removes it.
        lift: String,
    },
    /// The caller changes the policies of another principal and becomes it.
    GrantAndUse {
        /// The action that changes them.
        grant: String,
        /// The action that makes the caller the other principal.
        takes: String,
    },
    /// The caller becomes another principal.
    Use {
        /// The action that does it.
        takes: String,
    },
    /// The caller makes a new principal with policies of its choice, and becomes it.
    Create,
    /// The caller hands a role to something new of a service.
    PassRole {
        /// Services of which the role has to trust one.
        services: Vec<String>,
        /// True when the role needs an instance profile.
        profile: bool,
    },
    /// The caller takes over something that runs as a role.
    RunsAs {
        /// Services of which the role has to trust one.
        services: Vec<String>,
        /// True when the role needs an instance profile.
        profile: bool,
        /// What runs as the role.
        what: String,
    },
}

/// One method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// The id, that of pathfinding.cloud where it has one.
    pub id: String,
    /// What happens, in a few words.
    pub title: String,
    /// How it works.
    pub way: Way,
    /// Actions needed besides those that `way` names.
    pub needs: Vec<Need>,
    /// Every action of the method, in the order in which they are used.
    pub actions: Vec<String>,
    /// What other lists call it.
    pub also: Vec<String>,
}

fn all_actions(way: &Way, needs: &[Need]) -> Vec<String> {
    let needs = needs.iter().map(|need| need.action.clone());
    match way {
        Way::GrantSelf { grant: one } | Way::Lift { lift: one } => std::iter::once(one.clone()).chain(needs).collect(),
        Way::GrantAndUse { grant, takes } => [grant.clone(), takes.clone()].into_iter().chain(needs).collect(),
        Way::Use { takes } => needs.chain(std::iter::once(takes.clone())).collect(),
        Way::PassRole { .. } => std::iter::once("iam:PassRole".to_owned()).chain(needs).collect(),
        Way::RunsAs { .. } | Way::Create => needs.collect(),
    }
}

/// All methods, in the file's order.
pub fn methods() -> &'static [Method] {
    static METHODS: OnceLock<Vec<Method>> = OnceLock::new();
    // INVARIANT: the text is part of the program, and a test reads it.
    METHODS.get_or_init(|| read(TEXT).unwrap_or_default())
}

fn read(text: &str) -> Result<Vec<Method>, String> {
    let entries: Vec<Entry> = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    entries.into_iter().map(method).collect()
}

fn method(entry: Entry) -> Result<Method, String> {
    let way = match (entry.grant, entry.lift, entry.takes, entry.pass_role.is_empty(), entry.runs_as.is_empty()) {
        (None, None, None, true, true) if entry.create.is_some() => Way::Create,
        (Some(grant), None, None, true, true) => Way::GrantSelf { grant },
        (None, Some(lift), None, true, true) => Way::Lift { lift },
        (Some(grant), None, Some(takes), true, true) => Way::GrantAndUse { grant, takes },
        (None, None, Some(takes), true, true) => Way::Use { takes },
        (None, None, None, false, true) => Way::PassRole { services: entry.pass_role, profile: entry.profile },
        (None, None, None, true, false) => {
            let what = entry.what.ok_or_else(|| format!("`{}` does not say what runs as the role", entry.id))?;
            Way::RunsAs { services: entry.runs_as, profile: entry.profile, what }
        }
        _ => return Err(format!("`{}` is not of one kind", entry.id)),
    };
    let need = |text: String| match text.split_once('@') {
        Some((action, kind)) => Need { action: action.to_owned(), kind: Some(kind.to_owned()) },
        None => Need { action: text, kind: None },
    };
    let needs: Vec<Need> = entry.actions.into_iter().map(need).collect();
    let actions = all_actions(&way, &needs);
    Ok(Method { id: entry.id, title: entry.title, way, needs, actions, also: entry.also })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::catalogue::catalogue;
    use std::collections::BTreeSet;

    #[test]
    fn every_entry_is_of_one_kind_and_ids_are_unique() {
        let methods = read(TEXT).unwrap();
        let ids: BTreeSet<&str> = methods.iter().map(|method| method.id.as_str()).collect();
        assert_eq!(ids.len(), methods.len());
        assert!(methods.len() > 100);
    }

    #[test]
    fn every_action_and_kind_exists() {
        // AWS retired CodeStar in 2024 and dropped this action from its documentation; the lists still have it.
        let retired = ["codestar:CreateProjectFromTemplate"];
        for method in methods() {
            for action in &method.actions {
                assert!(catalogue().action(action).is_some() || retired.contains(&action.as_str()), "{action}");
            }
            for need in method.needs.iter().filter(|need| need.kind.is_some()) {
                let resources = catalogue().resources(&need.action, need.kind.as_deref(), "aws", "1");
                assert!(resources.iter().all(|kind| !kind.is_empty()), "{need:?}");
            }
        }
    }
}
