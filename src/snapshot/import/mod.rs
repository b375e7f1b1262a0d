//! Raw AWS CLI output, laid out in a folder, as a snapshot.
//!
//! `<service>/<operation-in-kebab-case>[@<region>][~<n>].json` holds what the AWS CLI printed, or
//! `{"request": …, "response": …}` where the answer does not say what was asked; the same name with `.err` holds what it
//! said instead of answering. Nothing is guessed: what is neither in the folder nor given is asked for.

mod answer;
mod error;
mod folder;
mod name;
mod refusal;
mod request;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub use error::ImportError;
pub use folder::{MAX_FILES, MAX_REFUSAL_BYTES, Skipped};
pub use refusal::COMMAND_FAILED;

use super::shapes::{iam, sts};
use super::{Observation, Operation, Outcome, Request, Shape, Snapshot, SnapshotHeader, Time, leader_region};
use folder::{AnswerFile, Listing, Reader};
use name::Kind;

/// A POSIX shell script that gathers the folder with the AWS CLI.
pub const SCRIPT: &str = include_str!("gather.sh");

/// What a folder need not say by itself.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// Program and version to name as collector.
    pub collector: String,
    /// The account, when the folder has no answer of `sts get-caller-identity`.
    pub account: Option<String>,
    /// The partition, likewise.
    pub partition: Option<String>,
    /// Regions that were asked; a single one is that of regional answers whose names have none.
    pub regions: Vec<String>,
    /// When the answers were collected.
    pub collected_at: Option<Time>,
}

/// A snapshot and what was left out of it.
#[derive(Debug)]
pub struct Imported {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// Files that were not read.
    pub skipped: Vec<Skipped>,
    /// Where the time of collection comes from, when neither the folder nor the caller named it.
    pub time_from_report: bool,
}

/// One file's content, before it is known whose it is.
struct Found {
    operation: Operation,
    region: Option<String>,
    request: Request,
    outcome: Outcome,
    file: String,
}

/// Reads a folder of AWS CLI output.
pub fn import(folder: &Path, options: &ImportOptions) -> Result<Imported, ImportError> {
    let listing = folder::list(folder)?;
    if listing.files.is_empty() {
        let message = format!("folder `{}` holds no answer that posture reads", folder.display());
        return Err(ImportError::missing(
            message,
            "gather answers with the script that `posture import --script` prints",
        ));
    }
    let found = read(&listing)?;
    let identity = Identity::of(&found, options)?;
    let (collected_at, time_from_report) = collected_at(&listing, &found, options)?;
    let observations = observations(found, &identity, options)?;
    let header = SnapshotHeader {
        collector: options.collector.clone(),
        collected_at,
        regions: regions(&observations, &identity, options),
        account: identity.account,
        partition: identity.partition,
        caller: identity.caller,
    };
    let snapshot = Snapshot::new(header, observations)
        .map_err(|error| ImportError::missing(error.to_string(), "keep one of the two answers"))?;
    Ok(Imported { snapshot, skipped: listing.skipped, time_from_report })
}

/// The files of one call: what it answered, what it said instead, or one of both.
#[derive(Default)]
struct Call<'a> {
    answer: Option<&'a AnswerFile>,
    refusal: Option<&'a AnswerFile>,
}

fn read(listing: &Listing) -> Result<Vec<Found>, ImportError> {
    let mut calls: BTreeMap<&str, Call<'_>> = BTreeMap::new();
    for file in &listing.files {
        let call = calls.entry(&file.call).or_default();
        match file.kind {
            Kind::Answer => call.answer = Some(file),
            Kind::Refusal => call.refusal = Some(file),
        }
    }
    let mut reader = Reader::new();
    let found = calls.values().filter_map(|call| read_call(call, &mut reader).transpose());
    found.collect()
}

fn read_call(call: &Call<'_>, reader: &mut Reader) -> Result<Option<Found>, ImportError> {
    let refusal = call.refusal.map(|file| read_refusal(file, reader)).transpose()?;
    let refused = refusal.as_ref().and_then(|refusal| refusal.error.as_ref());
    let answer = call.answer.map(|file| Ok::<_, ImportError>((file, reader.read(file)?))).transpose()?;
    let blank = answer.as_ref().is_none_or(|(_, bytes)| bytes.iter().all(u8::is_ascii_whitespace));
    let (file, request, outcome) = match (answer, refused, call.refusal) {
        (Some((file, _)), Some(_), Some(_)) if !blank => {
            let hint = "keep the `.json` file if the call succeeded, the `.err` file if it failed";
            return Err(ImportError::file(&file.shown, "an answer and an error of one call", hint));
        }
        (_, Some(error), Some(file)) => {
            let request = refusal.as_ref().map(|refusal| refusal.request.clone());
            (file, request, Outcome::Failed(error.clone()))
        }
        (Some((file, bytes)), _, refusal) => {
            let (request, outcome) = answer::parse(file.operation, &file.shown, &bytes, refusal.is_some())?;
            (file, request, outcome)
        }
        // An empty `.err` file alone: the call was not finished.
        (None, _, _) => return Ok(None),
    };
    let request = complete(file, request, &outcome)?;
    Ok(Some(Found {
        operation: file.operation,
        region: file.region.clone(),
        request,
        outcome,
        file: file.shown.clone(),
    }))
}

fn read_refusal(file: &AnswerFile, reader: &mut Reader) -> Result<refusal::Refusal, ImportError> {
    let bytes = reader.read(file)?;
    let source = super::text::Source::utf8(&file.shown, 0, &bytes)?;
    let hint = "keep the AWS CLI's words of this call, as it wrote them to standard error";
    refusal::parse(file.operation, source.text).map_err(|message| ImportError::file(&file.shown, message, hint))
}

/// The request, as far as it is told or the answer repeats it; an answer that could be to any question is refused.
fn complete(file: &AnswerFile, told: Option<Request>, outcome: &Outcome) -> Result<Request, ImportError> {
    if told.is_none() && matches!(outcome, Outcome::Answered(_)) && request::may_be_a_part(file.operation) {
        let message = "the answer does not say whether it holds the filters of a Region or those of one log group";
        let hint = "wrap it as `{\"request\": {\"logGroupName\": \"…\"}, \"response\": …}`, or with `\"request\": {}` when no log group was named";
        return Err(ImportError::file(&file.shown, message, hint));
    }
    let request = told.unwrap_or_default();
    let mut request = match outcome {
        Outcome::Answered(response) if request.is_empty() => request::repeated(response),
        _ => request,
    };
    request::normalise(&mut request)
        .map_err(|message| ImportError::file(&file.shown, message, "repeat the notification as AWS prints it"))?;
    match request::missing_member(file.operation, &request) {
        Some(member) if matches!(outcome, Outcome::Answered(_)) => {
            let message = format!("the answer does not say what was asked: there is no request with `{member}`");
            Err(ImportError::file(&file.shown, message, "wrap it as `{\"request\": {…}, \"response\": …}`"))
        }
        _ => Ok(request),
    }
}

/// Whose answers these are.
struct Identity {
    account: String,
    partition: String,
    caller: String,
}

impl Identity {
    fn of(found: &[Found], options: &ImportOptions) -> Result<Self, ImportError> {
        let answered = found.iter().find_map(|found| match &found.outcome {
            Outcome::Answered(response) => Some((&found.file, sts::GetCallerIdentity::of(response)?)),
            Outcome::Failed(_) => None,
        });
        let Some((file, identity)) = answered else { return Self::given(options) };
        let caller = identity.arn.clone().unwrap_or_default();
        let partition = caller.split(':').nth(1).unwrap_or_default().to_owned();
        let account = identity.account.clone().unwrap_or_default();
        if !is_account(&account) || !is_partition(&partition) {
            let hint = "save the output of `aws sts get-caller-identity` as it is";
            return Err(ImportError::file(file, "`Account` and `Arn` do not name an account", hint));
        }
        for (what, given, answered) in
            [("account", &options.account, &account), ("partition", &options.partition, &partition)]
        {
            if let Some(given) = given.as_ref().filter(|given| *given != answered) {
                let message =
                    format!("the answers are those of {what} `{answered}`, not of `{}`", given.escape_debug());
                return Err(ImportError::file(file, message, "import each account from its own folder"));
            }
        }
        Ok(Self { account, partition, caller })
    }

    fn given(options: &ImportOptions) -> Result<Self, ImportError> {
        let (Some(account), Some(partition)) = (&options.account, &options.partition) else {
            return Err(ImportError::missing(
                "the account is not known: the folder holds no answer of `sts get-caller-identity`",
                "save it as sts/get-caller-identity.json, or say `--account 123456789012 --partition aws`",
            ));
        };
        if !is_account(account) {
            let message = format!("account `{}` is not twelve digits", account.escape_debug());
            return Err(ImportError::missing(message, "name the account as in `--account 123456789012`"));
        }
        if !is_partition(partition) {
            let message = format!("partition `{}` is not one of AWS's", partition.escape_debug());
            return Err(ImportError::missing(message, "name the partition as in `--partition aws`"));
        }
        Ok(Self { account: account.clone(), partition: partition.clone(), caller: String::new() })
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_partition(text: &str) -> bool {
    text.starts_with("aws") && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// When the answers were collected, and whether only the credential report says so. AWS keeps a report for four hours,
/// so it is at most that much older than the call; the times of files are not asked, because copying changes them.
fn collected_at(listing: &Listing, found: &[Found], options: &ImportOptions) -> Result<(Time, bool), ImportError> {
    let report = found.iter().find_map(|found| match &found.outcome {
        Outcome::Answered(response) => iam::GetCredentialReport::of(response)?.generated_time,
        Outcome::Failed(_) => None,
    });
    let noted = listing.collected_at.as_deref().map(noted).transpose()?;
    match (options.collected_at.or(noted), report) {
        (Some(time), Some(report)) if time < report => Err(ImportError::missing(
            format!("the answers were collected at {time}, but the credential report was generated later, at {report}"),
            "give the time at which the answers were collected with `--collected-at`",
        )),
        (Some(time), _) => Ok((time, false)),
        (None, Some(report)) => Ok((report, true)),
        (None, None) => Err(ImportError::missing(
            "the folder does not say when its answers were collected",
            "say it, as in `--collected-at 2026-11-22T03:00:00Z`, or put that time into a file `collected-at`",
        )),
    }
}

fn noted(path: &Path) -> Result<Time, ImportError> {
    let shown = path.display().to_string();
    let bytes = folder::bounded(path, &shown, MAX_REFUSAL_BYTES)?;
    let source = super::text::Source::utf8(&shown, 0, &bytes)?;
    let hint = "write one line into it, as `date -u +%Y-%m-%dT%H:%M:%SZ` prints it";
    Time::parse(source.text.trim()).map_err(|message| ImportError::file(&shown, message, hint))
}

fn observations(
    found: Vec<Found>,
    identity: &Identity,
    options: &ImportOptions,
) -> Result<Vec<Observation>, ImportError> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut observations = Vec::with_capacity(found.len());
    for Found { operation, region, mut request, outcome, file } in found {
        for (member, value) in request::about_account(operation, &identity.account) {
            request.entry(member).or_insert(value);
        }
        let region = region_of(operation, region, &file, identity, options)?;
        let observation = Observation { operation, region, request, outcome };
        if let Some(other) = files.insert(observation.label(), file.clone()) {
            let message = format!("the same call as `{other}`: {}", observation.label());
            return Err(ImportError::file(&file, message, "keep one of the two"));
        }
        observations.push(observation);
    }
    Ok(observations)
}

fn region_of(
    operation: Operation,
    region: Option<String>,
    file: &str,
    identity: &Identity,
    options: &ImportOptions,
) -> Result<String, ImportError> {
    if is_global(operation) {
        return Ok(leader_region(&identity.partition).to_owned());
    }
    match (region, options.regions.as_slice()) {
        (Some(region), _) => Ok(region),
        (None, [only]) => Ok(only.clone()),
        (None, _) => {
            let message = "the name does not say which Region answered";
            let hint = "add it to the name, as in `list-rules@eu-west-1.json`, or name the only one with `--region`";
            Err(ImportError::file(file, message, hint))
        }
    }
}

/// Whether the operation answers for the whole account, wherever it is asked.
fn is_global(operation: Operation) -> bool {
    let services = ["account", "billing", "budgets", "ce", "cloudfront", "iam", "organizations", "sts"];
    services.contains(&operation.spec().service) || operation == Operation::S3ListBuckets
}

/// The Regions that were asked what they hold. A Region that only answered for a trail or a topic was not.
fn regions(observations: &[Observation], identity: &Identity, options: &ImportOptions) -> Vec<String> {
    let regional = || observations.iter().filter(|observation| !is_global(observation.operation));
    let of = |regions: Vec<&Observation>| -> BTreeSet<String> {
        regions.into_iter().map(|observation| observation.region.clone()).collect()
    };
    let asked = of(regional().filter(|observation| observation.request.is_empty()).collect());
    let mut regions = if asked.is_empty() { of(regional().collect()) } else { asked };
    regions.extend(options.regions.iter().cloned());
    // Without any, rules about Regions would have nothing to say; so they say that the first one was not seen.
    if regions.is_empty() {
        regions.insert(leader_region(&identity.partition).to_owned());
    }
    regions.into_iter().collect()
}
