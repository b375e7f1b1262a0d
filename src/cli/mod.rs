//! The command line: the only room that sees environment, clock and terminal.
//!
//! One file per command. Data goes to standard output, everything else to standard error.

#[cfg(feature = "live")]
mod ahead;
mod diff;
mod fix;
mod fleet;
mod folder;
mod former;
mod frameworks;
mod github;
pub mod iam;
mod import;
mod lake;
#[cfg(feature = "live")]
mod live;
mod members;
#[cfg(feature = "live")]
mod organization;
mod overview;
mod permissions;
mod problem;
#[cfg(feature = "live")]
mod progress;
mod rules;
mod ruleset;
mod scan;
mod schema;
mod sinks;
#[cfg(feature = "live")]
mod snapshot;
mod source;
mod suppress;
mod terminal;

use std::io::Write;
use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand};

use crate::error::{EXIT_CLEAN, EXIT_ERROR, Error};
use crate::rule::compile::suggest;
use crate::suppression::edit::EditError;

/// Audits the security posture of an AWS account: evidence for every answer, never a pass without it.
#[derive(Debug, Parser)]
#[command(name = "posture", version, max_term_width = 100, arg_required_else_help = false)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge an account or a saved snapshot, report and gate
    Scan(Box<scan::Args>),
    /// Turn AWS CLI output into a snapshot, or print the script that gathers it
    Import(import::Args),
    /// Save what AWS answers about an account, without judging it
    #[cfg(feature = "live")]
    Snapshot(snapshot::Args),
    /// Tell what changed between two scans: better, worse, new, gone, became unknown
    Diff(diff::Args),
    /// List, show, test and create rules
    Rules(rules::Args),
    /// Print the plan that mends what a scan finds: commands, templates, and what only a person can do
    Fix(Box<fix::Args>),
    /// List frameworks, as the CIS benchmarks, and the rules that judge their controls
    Frameworks(frameworks::Args),
    /// Accept a finding for now: adds a suppression to posture.yaml
    Suppress(suppress::Args),
    /// Ask what policies allow
    #[command(subcommand)]
    Iam(iam::Command),
    /// Print the least IAM policy that a scan needs
    Permissions(permissions::Args),
    /// Print the JSON Schema of a format, or the facts that rules may read
    Schema(schema::Args),
    /// Print a completion script for a shell
    #[command(after_help = "\
Examples:
  posture completions bash > ~/.local/share/bash-completion/completions/posture
  posture completions zsh > \"${fpath[1]}/_posture\"
  posture completions fish > ~/.config/fish/completions/posture.fish")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page of the program or of a command
    #[command(after_help = "\
Examples:
  posture man > posture.1 && man ./posture.1
  posture man iam paths > posture-iam-paths.1
  posture man --dir ~/.local/share/man/man1             the pages of all commands")]
    Man {
        /// The command, as in `scan` or `iam paths`; the program's own page without it
        command: Vec<String>,
        /// Write the pages of the program and all its commands into a folder instead
        #[arg(long, value_name = "DIR", conflicts_with = "command")]
        dir: Option<PathBuf>,
    },
}

/// Runs the command line of this process and gives its exit code.
pub fn main() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { EXIT_ERROR } else { EXIT_CLEAN };
            // Nothing is left to do when the terminal is gone.
            drop(error.print());
            return code;
        }
    };
    match run(cli.command) {
        Ok(code) => code,
        Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::BrokenPipe => EXIT_CLEAN,
        Err(error) => {
            print_error(&error);
            EXIT_ERROR
        }
    }
}

fn run(command: Option<Command>) -> Result<u8, Error> {
    match command {
        None => welcome(),
        Some(Command::Scan(args)) => scan::run(&args),
        Some(Command::Import(args)) => import::run(&args),
        #[cfg(feature = "live")]
        Some(Command::Snapshot(args)) => snapshot::run(&args),
        Some(Command::Diff(args)) => diff::run(&args),
        Some(Command::Rules(args)) => rules::run(&args),
        Some(Command::Fix(args)) => fix::run(&args),
        Some(Command::Frameworks(args)) => frameworks::run(&args),
        Some(Command::Suppress(args)) => suppress::run(&args),
        Some(Command::Iam(command)) => ask(&command),
        Some(Command::Permissions(args)) => permissions::run(&args),
        Some(Command::Schema(args)) => schema::run(&args),
        Some(Command::Completions { shell }) => completions(shell),
        Some(Command::Man { command, dir: None }) => man(&command),
        Some(Command::Man { dir: Some(dir), .. }) => {
            let failed = |source| Error::Io { action: "write manual pages to", path: dir.clone(), source };
            std::fs::create_dir_all(&dir).map_err(failed)?;
            clap_mangen::generate_to(Cli::command(), &dir).map_err(failed)?;
            Ok(EXIT_CLEAN)
        }
    }
}

fn ask(command: &iam::Command) -> Result<u8, Error> {
    let mut stdout = std::io::BufWriter::new(std::io::stdout().lock());
    let code = command.run(&mut std::io::stdin().lock(), &mut stdout, &mut std::io::stderr().lock())?;
    stdout.flush().map_err(Error::stdout)?;
    Ok(code)
}

/// Writes to standard output in one go.
fn print(text: &[u8]) -> Result<(), Error> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text).and_then(|()| stdout.flush()).map_err(Error::stdout)
}

/// Writes a line to standard error, where progress and warnings go.
fn note(line: &str) {
    // A closed standard error must not stop a scan.
    drop(writeln!(std::io::stderr().lock(), "{line}"));
}

fn print_error(error: &Error) {
    note(&match error {
        Error::Load(error) | Error::Suppress(EditError::Load(error)) => {
            problem::shown(error, terminal::colour_of_errors())
        }
        _ => format!("error: {}", terminal::printable(&error.to_string())),
    });
    let hint = error.hint();
    if !hint.is_empty() {
        note(&format!("\nhint: {}", terminal::printable(&hint)));
    }
}

const WELCOME: &str = "\
posture audits the security posture of an AWS account. Nothing in it is changed.

Look:
  posture scan                          judge the account of your AWS credentials
  posture scan --snapshot FILE          judge a saved snapshot, without credentials
  posture fix --snapshot FILE           print the commands that mend what is wrong, to read and run
  posture scan --output html=page.html  and write the page to read and send around

Without credentials here:
  posture snapshot -o FILE              save what AWS answers, to judge it later or elsewhere
  posture import --script               print a script that collects with the AWS CLI alone
  posture permissions                   print the IAM policy that a scan needs

Live with it:
  posture diff OLD NEW                  what got better, worse, new, gone, became unknown
  posture suppress RULE RESOURCE …      accept a finding for now
  posture rules list                    list what is judged

Every command explains itself with --help.
";

fn welcome() -> Result<u8, Error> {
    print(WELCOME.as_bytes())?;
    Ok(EXIT_CLEAN)
}

fn completions(shell: clap_complete::Shell) -> Result<u8, Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "posture", &mut script);
    print(&script)?;
    Ok(EXIT_CLEAN)
}

fn man(command: &[String]) -> Result<u8, Error> {
    let mut page = Cli::command();
    page.build();
    for name in command {
        let known: Vec<String> = page.get_subcommands().map(|one| one.get_name().to_owned()).collect();
        let Some(found) = page.find_subcommand(name) else {
            let near = suggest(name, known.iter().map(String::as_str));
            let message = format!("`{}` has no command `{name}`{near}", page.get_name());
            return Err(Error::other(message, "`posture --help` lists all commands"));
        };
        let title = found.get_bin_name().unwrap_or_else(|| found.get_name()).replace(' ', "-");
        page = found.clone().name(title);
    }
    let mut rendered = Vec::new();
    clap_mangen::Man::new(page).render(&mut rendered).map_err(|source| Error::Io {
        action: "render",
        path: "the manual page".into(),
        source,
    })?;
    print(&rendered)?;
    Ok(EXIT_CLEAN)
}
