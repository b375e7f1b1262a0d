//! From CEL text to a checked expression: parsed by the `cel` crate, typed against the schemas, refused with a place and
//! a suggestion where a path, function or type is wrong.
//!
//! The crate has two parsers. The fast one reads every rule of every run; what it or the check refuses goes through the
//! thorough one, which knows where in the text things stand.
//!
//! The supported subset: literals (bool, int, double, string, null, lists), facts, `has`, `! && || ?:`, comparisons,
//! arithmetic, `in`, the macros `all exists exists_one filter map`, and the functions of [`FUNCTIONS`]. Anything else is
//! an error when the rule is loaded, never at run time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cel::common::ast::{
    CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, SelectExpr, SourceInfo, operators as op,
};

use super::node::{Ask, Constant, Expression, Function, LoopKind, Node};
use super::types::Ty;
use crate::facts::Schema;
use crate::iam::catalogue::catalogue;
use crate::snapshot::Operation;

/// The longest expression that is compiled, in bytes.
pub const MAX_SOURCE: usize = 2_000;
/// The most nodes that an expression may have.
pub const MAX_NODES: usize = 500;
/// The deepest nesting of macros over lists.
pub const MAX_LOOPS: usize = 3;
/// The deepest nesting of brackets and operators.
const MAX_NESTING: u16 = 64;

/// The functions that rules may call, with the types that they take and give, for people who write rules.
pub const FUNCTIONS: &[(&str, &str)] = &[
    ("size(x)", "number of items of a list or characters of a string"),
    ("x.contains(y), x.startsWith(y), x.endsWith(y)", "string tests"),
    ("x.matches(pattern)", "regular expression anywhere in the string; the pattern is a literal or a parameter"),
    ("x.lowerAscii(), x.upperAscii()", "string with ASCII letters changed"),
    ("x.join(separator)", "strings of a list in one string"),
    ("int(x), double(x), string(x), timestamp(x)", "conversions"),
    ("days(n), hours(n)", "a span of time"),
];

/// Why an expression is refused, and where in its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileError {
    /// Offset in bytes into the expression's text.
    pub offset: usize,
    /// What is wrong, with a suggestion where there is one.
    pub message: String,
}

/// The names that an expression may use.
pub struct Names<'a> {
    /// Variables by name: their type, in the order of their positions.
    pub variables: Vec<(&'a str, Ty)>,
    /// Parameters by name with the value in force.
    pub params: &'a BTreeMap<String, Constant>,
    /// In messages: a resource's facts may be named without the variable in front.
    pub bare_facts_of: Option<usize>,
}

/// Compiles an expression and requires its type.
pub fn compile(source: &str, names: &Names<'_>, wanted: Option<&Ty>) -> Result<Expression, CompileError> {
    let (expression, ty) = compile_typed(source, names)?;
    match wanted {
        Some(wanted) if !ty.fits(wanted) => {
            Err(CompileError { offset: 0, message: format!("the expression is of type {ty}, but {wanted} is needed") })
        }
        _ => Ok(expression),
    }
}

/// The most signs of nesting that [`quickly`] takes: the fast parser recurses at some of them without counting.
const MAX_SIGNS: usize = 160;
/// The stack for [`with_places`]: its parser takes up to 10 KiB for each operator of a chain, and [`MAX_SOURCE`] bounds them.
const DEEP_STACK: usize = 64 * 1024 * 1024;

/// Compiles an expression of any type, and tells which it has.
pub(crate) fn compile_typed(source: &str, names: &Names<'_>) -> Result<(Expression, Ty), CompileError> {
    if source.len() > MAX_SOURCE {
        let message = format!("the expression is longer than {MAX_SOURCE} bytes; put the logic into a derived fact");
        return Err(CompileError { offset: MAX_SOURCE, message });
    }
    match quickly(source, names) {
        Some(compiled) => Ok(compiled),
        None => with_places(source, names),
    }
}

/// Compiles with the crate's fast parser, which does not say where in the text things stand; `None` for any error. Every
/// run compiles every rule, and this way it takes a fiftieth of the time.
fn quickly(source: &str, names: &Names<'_>) -> Option<(Expression, Ty)> {
    if source.bytes().filter(|byte| b"!-([{?:+*/%&|<>=".contains(byte)).count() > MAX_SIGNS {
        return None;
    }
    let parser = cel::parser::PrattParser::new().max_recursion_depth(MAX_NESTING).error_recovery_limit(0);
    let ast = parser.parse(source).ok()?;
    check(source, &ast, &SourceInfo::default(), names).ok()
}

/// Compiles with the crate's thorough parser, for an error that says where it stands.
fn with_places(source: &str, names: &Names<'_>) -> Result<(Expression, Ty), CompileError> {
    let failed = |_| CompileError { offset: 0, message: "the expression cannot be parsed".to_owned() };
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(DEEP_STACK)
            .spawn_scoped(scope, || parse_and_check(source, names))
            .map_err(|error| CompileError { offset: 0, message: format!("no thread to parse on: {error}") })?
            .join()
            .map_err(failed)?
    })
}

fn parse_and_check(source: &str, names: &Names<'_>) -> Result<(Expression, Ty), CompileError> {
    let (ast, info) = cel::parser::Parser::new()
        .max_recursion_depth(MAX_NESTING)
        .error_recovery_limit(4)
        .parse_with_source_info(source)
        .map_err(|errors| parse_error(source, &errors))?;
    check(source, &ast, &info, names)
}

fn check(source: &str, ast: &IdedExpr, info: &SourceInfo, names: &Names<'_>) -> Result<(Expression, Ty), CompileError> {
    let mut compiler = Compiler {
        info,
        names,
        scope: names
            .variables
            .iter()
            .map(|(name, ty)| Binding { name: (*name).to_owned(), ty: ty.clone(), path: Some((*name).to_owned()) })
            .collect(),
        operations: BTreeSet::new(),
        nodes: 0,
        loops: 0,
    };
    let (node, ty) = compiler.node(ast)?;
    Ok((Expression { source: source.to_owned(), node, operations: compiler.operations }, ty))
}

fn parse_error(source: &str, errors: &cel::ParseErrors) -> CompileError {
    let Some(error) = errors.errors.first() else {
        return CompileError { offset: 0, message: "the expression cannot be parsed".to_owned() };
    };
    let (line, column) = error.pos;
    let line = usize::try_from(line.saturating_sub(1)).unwrap_or(0);
    let start: usize = source.split_inclusive('\n').take(line).map(str::len).sum();
    let offset = (start + usize::try_from(column.saturating_sub(1)).unwrap_or(0)).min(source.len());
    let message = error.msg.lines().next().unwrap_or("syntax error").to_owned();
    CompileError { offset, message: format!("syntax error: {message}") }
}

struct Binding {
    name: String,
    ty: Ty,
    /// How facts of the variable are called in evidence.
    path: Option<String>,
}

struct Compiler<'a> {
    info: &'a SourceInfo,
    names: &'a Names<'a>,
    scope: Vec<Binding>,
    operations: BTreeSet<Operation>,
    nodes: usize,
    loops: usize,
}

type Typed = Result<(Node, Ty), CompileError>;

impl Compiler<'_> {
    fn error<T>(&self, id: u64, message: impl Into<String>) -> Result<T, CompileError> {
        let offset = self.info.offset_for(id).map_or(0, |(start, _)| start as usize);
        Err(CompileError { offset, message: message.into() })
    }

    fn node(&mut self, expr: &IdedExpr) -> Typed {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return self.error(expr.id, format!("the expression has more than {MAX_NODES} parts"));
        }
        match &expr.expr {
            Expr::Literal(literal) => self.literal(expr.id, literal),
            Expr::Ident(name) => self.identifier(expr.id, name),
            Expr::Select(select) => self.select(expr.id, select),
            Expr::Call(call) => self.call(expr.id, call),
            Expr::List(list) => {
                let mut nodes = Vec::new();
                let mut item = Ty::Any;
                for element in &list.elements {
                    let (node, ty) = self.node(element)?;
                    if !item.fits(&ty) {
                        return self.error(element.id, format!("a list of {item} cannot hold a {ty}"));
                    }
                    item = ty;
                    nodes.push(node);
                }
                Ok((Node::List(nodes), Ty::List(Arc::new(item))))
            }
            Expr::Comprehension(comprehension) => self.comprehension(expr.id, comprehension),
            Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => {
                self.error(expr.id, "maps and messages are not supported in rules")
            }
        }
    }

    fn literal(&self, id: u64, literal: &LiteralValue) -> Typed {
        let (constant, ty) = match literal {
            LiteralValue::Boolean(value) => (Constant::Bool(*value.inner()), Ty::Bool),
            LiteralValue::Int(value) => (Constant::Int(*value.inner()), Ty::Int),
            LiteralValue::Double(value) => (Constant::Double(*value.inner()), Ty::Double),
            LiteralValue::String(value) => (Constant::String(Arc::from(value.inner())), Ty::String),
            LiteralValue::Null => (Constant::Null, Ty::Null),
            LiteralValue::Bytes(_) | LiteralValue::UInt(_) => {
                return self.error(id, "bytes and unsigned literals are not supported in rules");
            }
        };
        Ok((Node::Constant(constant), ty))
    }

    fn identifier(&mut self, id: u64, name: &str) -> Typed {
        if let Some(slot) = self.scope.iter().rposition(|binding| binding.name == name) {
            let ty = self.scope.get(slot).map_or(Ty::Any, |binding| binding.ty.clone());
            return Ok((Node::Variable(slot), ty));
        }
        if let Some(slot) = self.names.bare_facts_of
            && let Some(Binding { ty: Ty::Record(schema), path: Some(path), .. }) = self.scope.get(slot)
            && schema.field(name).is_some()
        {
            let (schema, path) = (*schema, format!("{path}.{name}"));
            return self.fact(id, Node::Variable(slot), schema, name, path);
        }
        let mut known: Vec<&str> = self.scope.iter().map(|binding| binding.name.as_str()).collect();
        known.push("params");
        if let Some(Ty::Record(schema)) =
            self.names.bare_facts_of.and_then(|slot| self.scope.get(slot)).map(|binding| &binding.ty)
        {
            known.extend(schema.fields.iter().map(|field| field.name));
        }
        self.error(id, format!("`{name}` is not in scope{}", suggest(name, known)))
    }

    fn select(&mut self, id: u64, select: &SelectExpr) -> Typed {
        if let Expr::Ident(name) = &select.operand.expr
            && name == "params"
            && !select.test
        {
            return self.param(id, &select.field);
        }
        let path = self.path(&select.operand);
        let (record, ty) = self.node(&select.operand)?;
        let Ty::Record(schema) = ty else {
            return self.error(id, format!("a {ty} has no member `{}`", select.field));
        };
        let path =
            path.map_or_else(|| format!("{}.{}", schema.name, select.field), |path| format!("{path}.{}", select.field));
        let (fact, ty) = self.fact(id, record, schema, &select.field, path)?;
        if select.test { Ok((Node::Has(Box::new(fact)), Ty::Bool)) } else { Ok((fact, ty)) }
    }

    fn fact(&mut self, id: u64, record: Node, schema: &'static Schema, name: &str, path: String) -> Typed {
        let Some((index, field)) = schema.field(name) else {
            let known = schema.fields.iter().map(|field| field.name);
            return self.error(id, format!("`{}` has no fact `{name}`{}", schema.name, suggest(name, known)));
        };
        self.operations.extend(field.operations.iter().copied());
        Ok((Node::Fact { record: Box::new(record), index, path: path.into() }, Ty::from(&field.ty)))
    }

    fn param(&self, id: u64, name: &str) -> Typed {
        match self.names.params.get(name) {
            Some(constant) => Ok((Node::Constant(constant.clone()), type_of(constant))),
            None => {
                let known = self.names.params.keys().map(String::as_str);
                self.error(id, format!("the rule has no parameter `{name}`{}", suggest(name, known)))
            }
        }
    }

    /// How the facts of an operand are called in evidence.
    fn path(&self, expr: &IdedExpr) -> Option<String> {
        match &expr.expr {
            Expr::Ident(name) => self.scope.iter().rev().find(|binding| binding.name == *name)?.path.clone(),
            Expr::Select(select) => Some(format!("{}.{}", self.path(&select.operand)?, select.field)),
            // A filtered list is still made of the list's items.
            Expr::Comprehension(comprehension) => self.path(&comprehension.iter_range),
            _ => None,
        }
    }

    fn comprehension(&mut self, id: u64, c: &ComprehensionExpr) -> Typed {
        let Some((kind, body, filter)) = macro_of(c) else {
            return self.error(id, "this macro is not supported; use all, exists, exists_one, filter or map");
        };
        if c.iter_var2.is_some() {
            return self.error(id, "macros with two variables are not supported");
        }
        self.loops += 1;
        if self.loops > MAX_LOOPS {
            return self.error(id, format!("macros nest deeper than {MAX_LOOPS}"));
        }
        let path = self.path(&c.iter_range).map(|path| format!("{path}[]"));
        let (over, ty) = self.node(&c.iter_range)?;
        let Ty::List(item) = ty else {
            return self.error(c.iter_range.id, format!("macros run over lists, not over a {ty}"));
        };
        let slot = self.scope.len();
        self.scope.push(Binding { name: c.iter_var.clone(), ty: item.as_ref().clone(), path });
        let filter = filter.map(|filter| self.bool(filter)).transpose()?;
        let (body, ty) = if kind == LoopKind::Map { self.node(body)? } else { (self.bool(body)?, Ty::Bool) };
        self.scope.truncate(slot);
        self.loops -= 1;
        let ty = match kind {
            LoopKind::Filter => Ty::List(item),
            LoopKind::Map => Ty::List(Arc::new(ty)),
            LoopKind::Exists | LoopKind::All | LoopKind::ExistsOne => Ty::Bool,
        };
        let filter = filter.map(Box::new);
        Ok((Node::Loop { kind, over: Box::new(over), slot, body: Box::new(body), filter }, ty))
    }

    fn bool(&mut self, expr: &IdedExpr) -> Result<Node, CompileError> {
        match self.node(expr)? {
            (node, Ty::Bool) => Ok(node),
            (_, ty) => self.error(expr.id, format!("a bool is needed here, not a {ty}")),
        }
    }

    fn call(&mut self, id: u64, call: &CallExpr) -> Typed {
        let arguments: Vec<&IdedExpr> = call.target.as_deref().into_iter().chain(&call.args).collect();
        match (call.func_name.as_str(), arguments.as_slice()) {
            (op::LOGICAL_AND, [one, two]) => {
                Ok((Node::And(Box::new(self.bool(one)?), Box::new(self.bool(two)?)), Ty::Bool))
            }
            (op::LOGICAL_OR, [one, two]) => {
                Ok((Node::Or(Box::new(self.bool(one)?), Box::new(self.bool(two)?)), Ty::Bool))
            }
            (op::LOGICAL_NOT, [one]) => Ok((Node::Not(Box::new(self.bool(one)?)), Ty::Bool)),
            (op::CONDITIONAL, [condition, yes, no]) => {
                let condition = self.bool(condition)?;
                let (yes, one) = self.node(yes)?;
                let (no, two) = self.node(no)?;
                if !one.fits(&two) {
                    return self.error(id, format!("the branches have different types: {one} and {two}"));
                }
                Ok((Node::If(Box::new(condition), Box::new(yes), Box::new(no)), one))
            }
            ("matches", [text, pattern]) => self.matches(id, text, pattern),
            (name, arguments) => {
                if let Some(ask) = Ask::ALL.into_iter().find(|ask| ask.name == name) {
                    return self.ask(id, ask, arguments);
                }
                let mut nodes = Vec::new();
                let mut types = Vec::new();
                for argument in arguments {
                    let (node, ty) = self.node(argument)?;
                    nodes.push(node);
                    types.push(ty);
                }
                let (function, ty) = self.function(id, name, &types)?;
                Ok((Node::Call(function, nodes), ty))
            }
        }
    }

    fn matches(&mut self, id: u64, text: &IdedExpr, pattern: &IdedExpr) -> Typed {
        let (text, ty) = self.node(text)?;
        if ty != Ty::String {
            return self.error(id, format!("`matches` takes a string, not a {ty}"));
        }
        let (Node::Constant(Constant::String(pattern)), _) = self.node(pattern)? else {
            return self.error(pattern.id, "the pattern of `matches` must be a literal or a parameter");
        };
        match regex::RegexBuilder::new(&pattern).size_limit(1 << 20).build() {
            Ok(regex) => Ok((Node::Call(Function::Matches(Box::new(regex)), vec![text]), Ty::Bool)),
            Err(error) => {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or("not a regular expression");
                self.error(id, format!("pattern `{pattern}`: {reason}"))
            }
        }
    }

    /// `can(arn, action)` and `whoCan(action)`, each with a resource or without.
    fn ask(&mut self, id: u64, ask: Ask, arguments: &[&IdedExpr]) -> Typed {
        let before_action = usize::from(!ask.lists);
        if arguments.len() < before_action + 1 || arguments.len() > before_action + 2 {
            let form = if ask.lists { "an action" } else { "an ARN and an action" };
            return self.error(id, format!("`{}` takes {form}, and a resource or none", ask.name));
        }
        let mut nodes = Vec::new();
        for (position, argument) in arguments.iter().enumerate() {
            let (node, ty) = self.node(argument)?;
            if ty != Ty::String {
                return self.error(argument.id, format!("`{}` takes strings, not a {ty}", ask.name));
            }
            if let (true, Node::Constant(Constant::String(action))) = (position == before_action, &node)
                && !catalogue().has_match(action)
            {
                return self.error(argument.id, format!("AWS documents no action `{action}`"));
            }
            nodes.push(node);
        }
        self.operations.insert(Operation::IamGetAccountAuthorizationDetails);
        let ty = if ask.lists { Ty::List(Arc::new(Ty::String)) } else { Ty::Bool };
        Ok((Node::Call(Function::Ask(ask), nodes), ty))
    }

    fn function(&self, id: u64, name: &str, types: &[Ty]) -> Result<(Function, Ty), CompileError> {
        use Function as F;
        let found = match (name, types) {
            (op::EQUALS, [one, two]) if comparable(one, two, true) => (F::Equal, Ty::Bool),
            (op::NOT_EQUALS, [one, two]) if comparable(one, two, true) => (F::NotEqual, Ty::Bool),
            (op::LESS, [one, two]) if comparable(one, two, false) => (F::Less, Ty::Bool),
            (op::LESS_EQUALS, [one, two]) if comparable(one, two, false) => (F::LessOrEqual, Ty::Bool),
            (op::GREATER, [one, two]) if comparable(one, two, false) => (F::Greater, Ty::Bool),
            (op::GREATER_EQUALS, [one, two]) if comparable(one, two, false) => (F::GreaterOrEqual, Ty::Bool),
            (op::ADD, [Ty::String, Ty::String]) => (F::Add, Ty::String),
            (op::SUBSTRACT, [Ty::Time, Ty::Time]) => (F::Subtract, Ty::Duration),
            (op::ADD, [Ty::Time, Ty::Duration]) => (F::Add, Ty::Time),
            (op::SUBSTRACT, [Ty::Time, Ty::Duration]) => (F::Subtract, Ty::Time),
            (op::ADD, [Ty::Duration, Ty::Duration]) => (F::Add, Ty::Duration),
            (op::SUBSTRACT, [Ty::Duration, Ty::Duration]) => (F::Subtract, Ty::Duration),
            (op::ADD, [one, two]) if one == two && one.is_number() => (F::Add, one.clone()),
            (op::SUBSTRACT, [one, two]) if one == two && one.is_number() => (F::Subtract, one.clone()),
            (op::MULTIPLY, [one, two]) if one == two && one.is_number() => (F::Multiply, one.clone()),
            (op::DIVIDE, [one, two]) if one == two && one.is_number() => (F::Divide, one.clone()),
            (op::MODULO, [Ty::Int, Ty::Int]) => (F::Remainder, Ty::Int),
            (op::NEGATE, [ty]) if ty.is_number() => (F::Negate, ty.clone()),
            // An empty list, as the default of a parameter, holds nothing of any type.
            (op::IN, [item, Ty::List(items)]) if **items == Ty::Any || comparable(item, items, true) => {
                (F::In, Ty::Bool)
            }
            ("size", [Ty::List(_) | Ty::String]) => (F::Size, Ty::Int),
            ("contains", [Ty::String, Ty::String]) => (F::Contains, Ty::Bool),
            ("startsWith", [Ty::String, Ty::String]) => (F::StartsWith, Ty::Bool),
            ("endsWith", [Ty::String, Ty::String]) => (F::EndsWith, Ty::Bool),
            ("lowerAscii", [Ty::String]) => (F::LowerAscii, Ty::String),
            ("upperAscii", [Ty::String]) => (F::UpperAscii, Ty::String),
            ("join", [Ty::List(_), Ty::String]) => (F::Join, Ty::String),
            ("double", [Ty::Int | Ty::Double]) => (F::ToDouble, Ty::Double),
            ("int", [Ty::Int | Ty::Double]) => (F::ToInt, Ty::Int),
            ("string", [Ty::Int | Ty::Double | Ty::Bool | Ty::String | Ty::Time]) => (F::ToString, Ty::String),
            ("timestamp", [Ty::String]) => (F::Timestamp, Ty::Time),
            ("days", [Ty::Int]) => (F::Days, Ty::Duration),
            ("hours", [Ty::Int]) => (F::Hours, Ty::Duration),
            _ => return self.error(id, no_such_function(name, types)),
        };
        Ok(found)
    }
}

/// Every name that [`Compiler::function`] knows.
const NAMES: [&str; 19] = [
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "lowerAscii",
    "upperAscii",
    "join",
    "double",
    "int",
    "string",
    "timestamp",
    "days",
    "hours",
    "has",
    "can",
    "canWithoutMfa",
    "whoCan",
    "whoCanWithoutMfa",
];

fn no_such_function(name: &str, types: &[Ty]) -> String {
    let types = types.iter().map(Ty::to_string).collect::<Vec<_>>().join(", ");
    if name.contains('_') || name.starts_with('@') {
        let operator: String = name.chars().filter(|c| !matches!(c, '_' | '@')).collect();
        return format!("operator `{operator}` does not take ({types})");
    }
    if NAMES.contains(&name) {
        return format!("function `{name}` does not take ({types})");
    }
    format!("there is no function `{name}`{}", suggest(name, NAMES))
}

fn comparable(one: &Ty, two: &Ty, equality: bool) -> bool {
    match (one, two) {
        (Ty::Record(_) | Ty::Any, _) | (_, Ty::Record(_) | Ty::Any) => false,
        (Ty::List(one), Ty::List(two)) => equality && (one.fits(two) || comparable(one, two, true)),
        (Ty::Null, Ty::Null) => equality,
        (Ty::Null, _) | (_, Ty::Null) => false,
        _ => one == two || (one.is_number() && two.is_number()),
    }
}

/// The type of a constant.
pub fn type_of(constant: &Constant) -> Ty {
    match constant {
        Constant::Null => Ty::Null,
        Constant::Bool(_) => Ty::Bool,
        Constant::Int(_) => Ty::Int,
        Constant::Double(_) => Ty::Double,
        Constant::String(_) => Ty::String,
        Constant::List(items) => Ty::List(Arc::new(items.first().map_or(Ty::Any, type_of))),
    }
}

/// A likely spelling, as in ", did you mean `mfa_active`?"; the choices when nothing is near and they are few.
pub fn suggest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let near = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min();
    // Somebody who remembers half a name gets the names that hold it.
    let holding: Vec<&str> =
        known.iter().copied().filter(|candidate| name.len() > 2 && candidate.contains(name)).collect();
    match near {
        Some((_, candidate)) => format!("; did you mean `{candidate}`?"),
        None if (1..=8).contains(&holding.len()) => format!("; there are {}", holding.join(", ")),
        None if !known.is_empty() && known.len() <= 24 => format!("; there are {}", known.join(", ")),
        None => String::new(),
    }
}

type Macro<'a> = (LoopKind, &'a IdedExpr, Option<&'a IdedExpr>);

/// Recognises the standard macros by the shape that the parser expands them to.
fn macro_of(c: &ComprehensionExpr) -> Option<Macro<'_>> {
    let Expr::Call(step) = &c.loop_step.expr else { return None };
    let accumulates = |expr: &IdedExpr| matches!(&expr.expr, Expr::Ident(name) if *name == c.accu_var);
    match (&c.accu_init.expr, step.func_name.as_str(), step.args.as_slice()) {
        (Expr::Literal(LiteralValue::Boolean(_)), op::LOGICAL_OR, [accu, body]) if accumulates(accu) => {
            Some((LoopKind::Exists, body, None))
        }
        (Expr::Literal(LiteralValue::Boolean(_)), op::LOGICAL_AND, [accu, body]) if accumulates(accu) => {
            Some((LoopKind::All, body, None))
        }
        (Expr::Literal(LiteralValue::Int(_)), op::CONDITIONAL, [body, _, _]) => Some((LoopKind::ExistsOne, body, None)),
        (Expr::List(_), op::ADD, [accu, item]) if accumulates(accu) => Some((LoopKind::Map, only(item)?, None)),
        (Expr::List(_), op::CONDITIONAL, [condition, taken, _]) => {
            let Expr::Call(CallExpr { args, .. }) = &taken.expr else { return None };
            let item = only(args.get(1)?)?;
            match &item.expr {
                Expr::Ident(name) if *name == c.iter_var => Some((LoopKind::Filter, condition, None)),
                _ => Some((LoopKind::Map, item, Some(condition))),
            }
        }
        _ => None,
    }
}

fn only(list: &IdedExpr) -> Option<&IdedExpr> {
    match &list.expr {
        Expr::List(list) => list.elements.first(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{MAX_SIGNS, MAX_SOURCE, quickly, with_places};
    use crate::facts::Kind;
    use crate::rule::load::{constant, names, parse};
    use crate::rule::node::Constant;

    /// What both parsers make of a text: the same checked expression, or no expression.
    fn both(source: &str, kind: &str, params: &BTreeMap<String, Constant>) -> (String, String) {
        let names = names(Kind::find(kind).unwrap(), params);
        let show = |compiled| format!("{compiled:?}");
        let thorough = with_places(source, &names).ok();
        (show(quickly(source, &names)), show(thorough))
    }

    #[test]
    fn the_fast_parser_reads_every_built_in_rule_as_the_thorough_one_does() {
        for (file, text) in crate::rule::BUILT_IN {
            let rule = parse(file, text).unwrap();
            let params = rule.params.into_iter().map(|(name, param)| {
                let value = constant(&param.default).unwrap();
                (name, value)
            });
            let params = params.collect();
            for source in [rule.applies_when.as_ref(), Some(&rule.pass_when)].into_iter().flatten() {
                let (quick, thorough) = both(&source.value, &rule.resource.value, &params);
                assert_eq!(quick, thorough, "{file}: {}", source.value);
                assert!(quick.starts_with("Some"), "{file}: the fast parser refuses {}", source.value);
            }
        }
    }

    #[test]
    fn neither_parser_takes_what_is_no_expression() {
        for source in
            ["", "user.", "true &&", "a b", "!", "'open", "user.mfa_active && (", "1 +", "user..name == ''", "{"]
        {
            assert_eq!(both(source, "iam-user", &BTreeMap::new()), ("None".to_owned(), "None".to_owned()), "{source}");
        }
    }

    #[test]
    fn hostile_expressions_end_on_a_small_stack() {
        let shapes =
            [("!", "true"), ("-", "1"), ("(", "1"), ("[", "1"), ("1+", "1"), ("true?1:", "1"), ("true&&", "true")];
        for (repeated, end) in shapes {
            for length in [MAX_SIGNS / 2, MAX_SIGNS, MAX_SOURCE] {
                let source = repeated.repeat(length / repeated.len()) + end;
                let names = names(Kind::find("iam-user").unwrap(), const { &BTreeMap::new() });
                std::thread::scope(|scope| {
                    let small = std::thread::Builder::new().stack_size(1024 * 1024);
                    small.spawn_scoped(scope, || drop(quickly(&source, &names))).unwrap().join().unwrap();
                });
            }
        }
    }

    /// Texts that are expressions more often than not.
    fn expression() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("user.name"),
            Just("user.mfa_active"),
            Just("has(user.mfa_active)"),
            Just("user.access_keys"),
            Just("now"),
            Just("1"),
            Just("-2"),
            Just("1.5e2"),
            Just("'a\\n'"),
            Just("r\"\\d\""),
            Just("true"),
            Just("null"),
            Just("[]"),
            Just("key.active"),
            Just("account"),
            Just("0x1F"),
        ]
        .prop_map(str::to_owned);
        leaf.prop_recursive(5, 40, 3, |inner| {
            let operator = prop::sample::select(vec![
                "&&", "||", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", " in ",
            ]);
            let method = prop::sample::select(vec!["contains", "startsWith", "matches", "join"]);
            let of_list = prop::sample::select(vec!["exists", "all", "exists_one", "filter", "map"]);
            prop_oneof![
                (inner.clone(), operator, inner.clone())
                    .prop_map(|(one, operator, two)| format!("{one}{operator}{two}")),
                inner.clone().prop_map(|one| format!("({one})")),
                inner.clone().prop_map(|one| format!("!({one})")),
                inner.clone().prop_map(|one| format!("-({one})")),
                (inner.clone(), inner.clone(), inner.clone())
                    .prop_map(|(one, two, three)| format!("{one} ? {two} : {three}")),
                (inner.clone(), method, inner.clone()).prop_map(|(one, name, two)| format!("{one}.{name}({two})")),
                (of_list, inner.clone()).prop_map(|(name, body)| format!("user.access_keys.{name}(key, {body})")),
                (inner.clone(), inner.clone()).prop_map(|(one, two)| format!("[{one}, {two}]")),
                (prop::sample::select(vec!["size", "days", "string", "int"]), inner)
                    .prop_map(|(name, one)| format!("{name}({one})")),
            ]
        })
    }

    proptest! {
        #[test]
        fn both_parsers_agree(source in expression()) {
            let (quick, thorough) = both(&source, "iam-user", &BTreeMap::new());
            prop_assert_eq!(quick, thorough);
        }
    }
}
