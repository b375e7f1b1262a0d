//! The part of the plan that Terraform can keep, as one configuration with a provider for each Region.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::super::file::InputKind;
use super::super::plan::Plan;
use super::super::word::{Text, Tree};
use super::{Settings, comment, hcl};

/// Writes the configuration.
pub(super) fn render(plan: &Plan, _: &Settings) -> String {
    let mut out = String::new();
    comment(
        &mut out,
        &format!("What mends account {}, as its snapshot of {} shows it.", plan.account, plan.collected_at),
    );
    comment(
        &mut out,
        "Nothing of this was applied. Things that exist already have to be imported before the first apply.",
    );
    let missing: Vec<String> = (1usize..)
        .zip(&plan.steps)
        .filter(|(_, step)| step.terraform.is_empty())
        .map(|(number, _)| number.to_string())
        .collect();
    if !missing.is_empty() {
        comment(&mut out, &format!("Steps of the script that are not here: {}.", missing.join(", ")));
    }
    let resources = resources(plan);
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for (_, _, tree) in &resources {
        let mut texts = Vec::new();
        for tree in tree.values() {
            tree.texts(&mut texts);
        }
        used.extend(texts.iter().flat_map(|text| text.inputs()));
    }
    out.push_str("\nterraform {\n  required_providers {\n    aws = {\n      source  = \"hashicorp/aws\"\n      version = \">= 5.70\"\n    }\n  }\n}\n");
    let regions: BTreeSet<&str> = resources.iter().map(|(region, _, _)| region.as_str()).collect();
    for region in regions {
        let _ = write!(
            out,
            "\nprovider \"aws\" {{\n  alias               = \"{}\"\n  region              = {}\n  allowed_account_ids = [{}]\n}}\n",
            alias(region),
            hcl::string(&Text::from(region)),
            hcl::string(&Text::from(plan.account.as_str())),
        );
    }
    for name in used {
        let Some((input, _)) = plan.inputs.get(name) else { continue };
        let kind = if input.kind == InputKind::Number { "number" } else { "string" };
        let doc = hcl::string(&Text::from(crate::output::escape::printable(&input.doc).as_str()));
        let _ = write!(out, "\nvariable \"{name}\" {{\n  description = {doc}\n  type        = {kind}\n}}\n");
    }
    for (region, name, members) in &resources {
        let (kind, label) = name.split_once('.').unwrap_or((name, "this"));
        let _ = write!(out, "\nresource \"{kind}\" \"{label}\" {{\n  provider = aws.{}\n\n", alias(region));
        hcl::body(members, 1, &|reference| resolve(reference, region, &resources), &mut out);
        out.push_str("}\n");
    }
    out
}

/// A reference as a step writes it, `type.label.attribute`: what its own Region has of that name, else what any has.
fn resolve(reference: &str, region: &str, resources: &[Resource]) -> String {
    let mut parts = reference.splitn(3, '.');
    let (Some(kind), Some(label)) = (parts.next(), parts.next()) else { return reference.to_owned() };
    let attribute = parts.next().map(|attribute| format!(".{attribute}")).unwrap_or_default();
    let name = format!("{kind}.{label}");
    let own = named(&name, region);
    let is_there = |name: &str| resources.iter().any(|(_, other, _)| other == name);
    let found = if is_there(&own) { own } else { name };
    format!("{found}{attribute}")
}

/// Things of several Regions are told apart by the Region in their names.
fn named(name: &str, region: &str) -> String {
    format!("{name}_{}", alias(region))
}

type Resource = (String, String, BTreeMap<String, Tree>);

/// Every resource once, with its Region and a name that nothing else has.
fn resources(plan: &Plan) -> Vec<Resource> {
    let mut resources: Vec<Resource> = Vec::new();
    for step in &plan.steps {
        for (name, tree) in &step.terraform {
            let Tree::Map(members) = tree else { continue };
            let region = step.region.shown();
            if resources.iter().any(|(other, _, tree)| *other == region && tree == members) {
                continue;
            }
            let base = named(name, &region);
            let mut own = base.clone();
            let mut number = 1;
            while resources.iter().any(|(_, other, _)| *other == own) {
                number += 1;
                own = format!("{base}_{number}");
            }
            resources.push((region, own, members.clone()));
        }
    }
    order(&mut resources);
    resources
}

/// Has what is made in a log group of the configuration refer to it, because Terraform makes what is not referred to at the
/// same time.
fn order(resources: &mut [Resource]) {
    let groups = resources.iter().filter(|(_, own, _)| own.starts_with("aws_cloudwatch_log_group."));
    let groups: Vec<(String, Tree, String)> = groups
        .filter_map(|(region, own, members)| Some((region.clone(), members.get("name")?.clone(), own.clone())))
        .collect();
    for (region, _, members) in resources {
        let Some(place) = members.get_mut("log_group_name") else { continue };
        if let Some((_, _, own)) = groups.iter().find(|(home, name, _)| *home == *region && *name == *place) {
            let reference = Tree::Text(Text::from(format!("{own}.name").as_str()));
            *place = Tree::Map([("ref".to_owned(), reference)].into());
        }
    }
}

fn alias(region: &str) -> String {
    region.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}
