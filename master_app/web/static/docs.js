// Draws /api/v1/openapi.json and lets a reader try a request. Loads nothing from any other host.
"use strict";

const theme = /(?:^|; )hm_theme=(light|dark)/.exec(document.cookie);
if (theme) document.documentElement.dataset.theme = theme[1];

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  for (const child of children) made.append(child);
  return made;
}

function resolve(spec, schema, depth) {
  if (!schema || depth > 6) return "…";
  if (schema.$ref) return resolve(spec, spec.components.schemas[schema.$ref.split("/").pop()], depth + 1);
  if (schema.oneOf) return resolve(spec, schema.oneOf[0], depth + 1);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === "object" || schema.properties) {
    const shape = {};
    for (const [key, value] of Object.entries(schema.properties || {})) shape[key] = resolve(spec, value, depth + 1);
    return shape;
  }
  if (type === "array") return [resolve(spec, schema.items, depth + 1)];
  if (schema.enum) return schema.enum.join(" | ");
  return schema.format ? type + " (" + schema.format + ")" : type || "any";
}

function shapes(spec, content) {
  const drawn = element("div");
  for (const [type, body] of Object.entries(content || {})) {
    drawn.append(element("p", {}, element("code", {}, type)));
    if (body.schema) drawn.append(element("pre", {}, JSON.stringify(resolve(spec, body.schema, 0), null, 2)));
  }
  return drawn;
}

function parameterTable(operation, inputs) {
  const table = element("table", { tabindex: "0" });
  table.append(element("tr", {}, ...["Parameter", "In", "Description", "Try"].map((t) => element("th", {}, t))));
  for (const parameter of operation.parameters || []) {
    const input = element("input", { "aria-label": parameter.name });
    inputs.push([parameter, input]);
    table.append(element("tr", {},
      element("td", {}, element("code", {}, parameter.name + (parameter.required ? " *" : ""))),
      element("td", {}, parameter.in), element("td", {}, parameter.description || ""), element("td", {}, input)));
  }
  return inputs.length ? table : element("span");
}

function tryIt(path, method, operation, inputs) {
  const json = (operation.requestBody || {}).content || {};
  const body = element("textarea", { rows: "4", "aria-label": "JSON body", placeholder: "JSON body" });
  const button = element("button", { type: "button" }, "Send");
  const output = element("pre", {}, "");
  button.addEventListener("click", async () => {
    let url = path;
    const query = new URLSearchParams();
    const headers = {};
    for (const [parameter, input] of inputs) {
      if (!input.value) continue;
      if (parameter.in === "path") url = url.replace("{" + parameter.name + "}", encodeURIComponent(input.value));
      if (parameter.in === "query") query.set(parameter.name, input.value);
      if (parameter.in === "header") headers[parameter.name] = input.value;
    }
    const token = document.getElementById("token").value;
    if (token) headers.Authorization = "Bearer " + token;
    const options = { method: method.toUpperCase(), headers, credentials: "omit" };
    if (body.value) { options.body = body.value; headers["Content-Type"] = "application/json"; }
    output.textContent = "…";
    try {
      const answer = await fetch(url + (query.size ? "?" + query : ""), options);
      output.textContent = answer.status + " " + answer.statusText + "\n" + (await answer.text()).slice(0, 20000);
    } catch (error) { output.textContent = String(error); }
  });
  const parts = json["application/json"] ? [body, button, output] : [button, output];
  return element("div", {}, ...parts);
}

function draw(spec) {
  const root = document.getElementById("api");
  root.textContent = "";
  const groups = new Map();
  for (const [path, item] of Object.entries(spec.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      if (!operation.responses) continue;
      const tag = (operation.tags || ["Other"])[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push([path, method, operation]);
    }
  }
  for (const [tag, operations] of groups) {
    root.append(element("h2", {}, tag));
    for (const [path, method, operation] of operations) {
      const inputs = [];
      const details = element("details", {},
        element("summary", {}, element("span", { class: `method ${method}` }, method), element("code", {}, path), " ", operation.summary || ""),
        element("p", {}, operation.description || ""), parameterTable(operation, inputs));
      if (operation.requestBody) details.append(element("h3", {}, "Body"), shapes(spec, operation.requestBody.content));
      details.append(element("h3", {}, "Answers"));
      for (const [status, answer] of Object.entries(operation.responses)) {
        details.append(element("details", {}, element("summary", {}, status + " " + (answer.description || "")), shapes(spec, answer.content)));
      }
      details.append(element("h3", {}, "Try it"), tryIt(path, method, operation, inputs));
      root.append(details);
    }
  }
}

document.getElementById("token-form").addEventListener("submit", (event) => event.preventDefault());
fetch("/api/v1/openapi.json").then((answer) => answer.json()).then(draw)
  .catch((error) => { document.getElementById("api").textContent = String(error); });
