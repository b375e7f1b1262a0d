"use strict";
// Text from the account is only ever set through textContent: nothing in it can become an element.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const rules = new Map(data.rules.map((rule) => [rule.id, rule]));
  const PAGE = 200;
  const form = document.getElementById("filters");
  const list = document.getElementById("results");
  const count = document.getElementById("count");
  const more = document.getElementById("more");
  let matching = [];
  let shown = 0;

  const element = (name, className, text) => {
    const node = document.createElement(name);
    if (className) node.className = className;
    if (text !== undefined && text !== null) node.textContent = text;
    return node;
  };

  // Words in backticks are code; a backtick that has no partner stays one.
  const marked = (name, className, text) => {
    const node = element(name, className);
    const parts = text.split("`");
    if (parts.length % 2 === 0) node.textContent = text;
    else parts.forEach((part, at) => node.append(at % 2 ? element("code", "", part) : part));
    return node;
  };

  const heading = (parent, text) => parent.append(element("h3", "", text));

  const table = (caption, head, rows) => {
    const node = element("table");
    node.append(element("caption", "", caption));
    const row = node.createTHead().insertRow();
    for (const name of head) {
      const cell = element("th", "", name);
      cell.scope = "col";
      row.append(cell);
    }
    const body = node.createTBody();
    for (const cells of rows) {
      const line = body.insertRow();
      cells.forEach((text, at) => {
        const cell = line.insertCell();
        cell.dataset.name = head[at];
        cell.append(element("code", "", text));
      });
    }
    return node;
  };

  const fill = (inside, result) => {
    const rule = rules.get(result.rule);
    if (result.suppressed) {
      heading(inside, "Suppressed");
      inside.append(element("p", "", result.suppressed));
    }
    if (result.evidence.length) {
      inside.append(table("Evidence", ["Fact", "Value", "Where it was observed"], result.evidence));
    }
    if (result.unknown.length) {
      inside.append(table("Could not read", ["Call and error", "What helps"], result.unknown));
    }
    if (rule) {
      heading(inside, "Why it matters");
      inside.append(marked("p", "", rule.rationale));
      heading(inside, "What to do");
      inside.append(marked("p", "", rule.remediation));
      if (rule.command) inside.append(element("pre", "", rule.command));
      for (const reference of rule.references) {
        const link = element("a", "", reference);
        link.href = reference;
        link.rel = "noopener noreferrer";
        const line = element("p");
        line.append(link);
        inside.append(line);
      }
      if (rule.controls.length) inside.append(element("p", "soft", "Controls: " + rule.controls.join(", ")));
    }
    inside.append(element("p", "soft", "Rule " + result.rule + ", fingerprint " + result.fingerprint));
  };

  const entry = (result) => {
    const rule = rules.get(result.rule);
    const item = element("li");
    const details = element("details");
    const summary = element("summary");
    summary.append(
      element("span", "badge " + result.state, data.states[result.state]),
      element("span", "badge " + result.severity, result.severity),
      element("span", "title", rule ? rule.title : result.rule),
      element("code", "", result.resource),
      marked("span", "what", result.message + (result.attested ? " (attested, not observed)" : "")),
    );
    const inside = element("div", "inside");
    details.append(summary, inside);
    details.addEventListener("toggle", () => {
      if (details.open && !inside.hasChildNodes()) fill(inside, result);
    });
    item.append(details);
    return item;
  };

  const showMore = () => {
    const next = matching.slice(shown, shown + PAGE);
    list.append(...next.map(entry));
    shown += next.length;
    more.hidden = shown >= matching.length;
    more.textContent = "Show more (" + (matching.length - shown) + " left)";
  };

  const haystack = (result) => {
    const rule = rules.get(result.rule);
    return [result.rule, result.resource, result.message, result.area, rule ? rule.title : ""].join("\n").toLowerCase();
  };
  for (const result of data.results) result.text = haystack(result);

  const apply = () => {
    const statuses = new Set([...form.querySelectorAll("[name=status]:checked")].map((box) => box.value));
    const severity = form.elements.severity.value;
    const area = form.elements.area.value;
    const framework = form.elements.framework.value;
    const words = form.elements.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    matching = data.results.filter((result) => {
      const rule = rules.get(result.rule);
      return (
        statuses.has(result.state) &&
        (!severity || result.severity === severity) &&
        (!area || result.area === area) &&
        (!framework || (rule && rule.frameworks.includes(framework))) &&
        words.every((word) => result.text.includes(word))
      );
    });
    list.replaceChildren();
    shown = 0;
    showMore();
    count.textContent = matching.length + " of " + data.results.length + " results";
  };

  const options = (select, values) => {
    for (const value of values) {
      const option = element("option", "", value);
      option.value = value;
      select.append(option);
    }
  };
  options(form.elements.area, data.areas);
  options(form.elements.framework, data.frameworks);

  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  more.addEventListener("click", showMore);
  document.getElementById("open").addEventListener("click", () => {
    const all = [...list.querySelectorAll("details")];
    const open = all.some((details) => !details.open);
    for (const details of all) details.open = open;
  });
  for (const tile of document.querySelectorAll("[data-area]")) {
    tile.addEventListener("click", () => {
      form.elements.area.value = tile.dataset.area;
      apply();
      if (!matching.length) {
        for (const box of form.querySelectorAll("[name=status]")) box.checked = true;
        apply();
      }
      document.getElementById("all").scrollIntoView();
      form.elements.area.focus({ preventScroll: true });
    });
  }
  // Paper cannot be clicked: everything that matches is printed, and no section is folded.
  addEventListener("beforeprint", () => {
    while (shown < matching.length) showMore();
    for (const details of document.querySelectorAll("section > details")) details.open = true;
  });
  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      form.elements.search.focus();
    }
  });
  apply();
})();
