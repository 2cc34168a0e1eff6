// Do the pages and the hub mean the same by what is answered? Each place in the sources that asks the API says which type it takes
// the answer for (`get<Machines>("/api/v1/machines")`); that type is held against what the hub's own description says is answered
// there. A field that is called otherwise, that may be null unawares, or a word that the pages do not know is told with its place.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** What asks, and which of its arguments is the path; `send` has the method before it, and a file is posted. */
const ASKS = { get: 0, resource: 0, send: 1, sendFile: 0 };

/** What of the pages' types does not go together with the description; and how many places were looked at. */
export function compared(document) {
  const { program, files } = sources();
  const checker = program.getTypeChecker();
  const wrong = [];
  let places = 0;
  for (const file of files) {
    const source = program.getSourceFile(file);
    for (const { call, type, method, paths } of asks(source, checker)) {
      const line = source.getLineAndCharacterOfPosition(call.getStart()).line + 1;
      const place = `${file.slice(ROOT.length).replace(/\.svelte\.script\.ts$/, ".svelte")}, line ${line} of its script`;
      for (const path of paths) {
        if (path !== undefined && !path.startsWith("/api/v1/")) continue;
        const schema = path && answer(document, method, path);
        places += 1;
        if (!schema) wrong.push(`${place}: what ${method} ${path ?? "(a path that can not be read here)"} answers is not described`);
        else wrong.push(...differing(checker, call, document, checker.getTypeFromTypeNode(type), schema, type.getText(), 0).map((one) => `${place}: ${one}`));
      }
    }
  }
  return { wrong: [...new Set(wrong)], places };
}

/** All sources; of a page its script, under a name of its own beside it. */
function sources() {
  const scripts = new Map();
  const files = [];
  for (const name of readdirSync(`${ROOT}src`, { recursive: true })) {
    const path = `${ROOT}src/${name}`;
    if (name.endsWith(".svelte")) {
      const script = /<script lang="ts">([\s\S]*?)<\/script>/.exec(readFileSync(path, "utf8"))?.[1];
      if (script) scripts.set(`${path}.script.ts`, script);
    } else if (name.endsWith(".ts") && !name.endsWith(".test.ts") && !name.startsWith("worker/")) files.push(path);
  }
  const { config } = ts.readConfigFile(`${ROOT}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile } = host;
  host.readFile = (path) => scripts.get(path) ?? readFile(path);
  host.fileExists = (path) => scripts.has(path) || fileExists(path);
  host.getSourceFile = (path, ...rest) => (scripts.has(path) ? ts.createSourceFile(path, scripts.get(path), options.target, true) : getSourceFile(path, ...rest));
  const all = [...files, ...scripts.keys()];
  const program = ts.createProgram(all, options, host);
  return { program, files: all };
}

/** Where a source asks: for what type, and at which paths. */
function asks(source, checker) {
  const found = [];
  const look = (node) => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text in ASKS && node.typeArguments?.length === 1) {
      const type = node.typeArguments[0];
      const [first] = node.arguments;
      const path = node.arguments[ASKS[node.expression.text]];
      const isOwn = type.getText() === "T" || (first && ts.isStringLiteral(first) && /^[a-z]+$/.test(first.text));
      if (path && !isOwn) {
        const method = node.expression.text === "send" ? first.text.toLowerCase() : node.expression.text === "sendFile" ? "post" : "get";
        found.push({ call: node, type, method, paths: read(path, checker) });
      }
    }
    ts.forEachChild(node, look);
  };
  look(source);
  return found;
}

/** The paths that an expression can be, with `{}` for what is put into it; nothing where it can not be read. `given` is what a function was called with. */
function read(node, checker, given = new Map()) {
  const on = (next) => read(next, checker, given);
  if (!node) return [undefined];
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isTemplateExpression(node)) return [node.head.text + node.templateSpans.map(({ expression, literal }) => (put(expression, checker, given) ?? "{}") + literal.text).join("")];
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return on(node.expression);
  if (ts.isBinaryExpression(node)) return on(node.right);
  if (ts.isConditionalExpression(node)) return [...on(node.whenTrue), ...on(node.whenFalse)];
  if (ts.isArrowFunction(node) || ts.isFunctionDeclaration(node)) return ts.isBlock(node.body) ? returned(node.body).flatMap(on) : on(node.body);
  if (ts.isCallExpression(node)) return called(node, checker, given);
  if (!ts.isIdentifier(node)) return [undefined];
  if (node.text === "undefined") return [];
  const declared = declaration(node, checker);
  if (given.has(declared)) return on(given.get(declared));
  // What a component is given is read where it is given.
  if (declared && ts.isBindingElement(declared)) return [];
  return declared ? on(ts.isVariableDeclaration(declared) ? declared.initializer : declared) : [undefined];
}

/** What a call gives, where its function is written in the sources; of `$derived` what it is derived by. */
function called(node, checker, given) {
  if (node.expression.getText() === "$derived") return read(node.arguments[0], checker, given);
  const declared = ts.isIdentifier(node.expression) ? declaration(node.expression, checker) : undefined;
  const own = declared && (ts.isVariableDeclaration(declared) ? declared.initializer : declared);
  if (!own?.parameters) return [undefined];
  return read(own, checker, new Map([...given, ...own.parameters.map((one, at) => [one, node.arguments[at] ?? one.initializer])]));
}

/** A piece of a path that a function was called with as a word. */
function put(node, checker, given) {
  const word = ts.isIdentifier(node) ? given.get(declaration(node, checker)) : undefined;
  return word && ts.isStringLiteralLike(word) ? word.text : undefined;
}

function declaration(node, checker) {
  let symbol = checker.getSymbolAtLocation(node);
  if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
  return symbol?.valueDeclaration;
}

function returned(block) {
  const found = [];
  const look = (node) => {
    if (ts.isReturnStatement(node) && node.expression) found.push(node.expression);
    else if (!ts.isFunctionLike(node)) ts.forEachChild(node, look);
  };
  look(block);
  return found;
}

/** The schema of what is answered well. */
function answer(document, method, path) {
  const wanted = path.replace(/\?.*$/s, "").replace(/(?<=[^/])\{\}$/, "").split("/");
  for (const [template, ways] of Object.entries(document.paths)) {
    const parts = template.split("/");
    if (parts.length !== wanted.length || !parts.every((part, at) => part === wanted[at] || (part.startsWith("{") && wanted[at].includes("{}")))) continue;
    const responses = ways[method]?.responses ?? {};
    const good = Object.keys(responses).find((status) => /^2/.test(status));
    return good && resolved(document, responses[good]).content?.["application/json"]?.schema;
  }
  return undefined;
}

const resolved = (document, schema) => (schema?.$ref ? resolved(document, schema.$ref.slice(2).split("/").reduce((at, part) => at?.[part], document)) : schema);

/** A schema's ways of being, without null, and whether it may be null. Parts that stand beside each other are one object. */
function ways(document, given) {
  const schema = resolved(document, given);
  const many = schema.oneOf ?? schema.anyOf;
  if (many) {
    const all = many.map((one) => ways(document, one));
    const own = schema.properties ? [{ ...schema, oneOf: undefined, anyOf: undefined }] : [];
    return { nullable: all.some((one) => one.nullable), schemas: [...own, ...all.flatMap((one) => one.schemas)] };
  }
  if (schema.allOf) {
    const all = [schema, ...schema.allOf].flatMap((one) => (one === schema ? [{ ...schema, allOf: undefined }] : ways(document, one).schemas));
    const merged = { type: "object", properties: Object.assign({}, ...all.map((one) => one.properties ?? {})), required: all.flatMap((one) => one.required ?? []) };
    return { nullable: false, schemas: [merged] };
  }
  const types = [schema.type ?? []].flat();
  const kept = types.filter((type) => type !== "null");
  return { nullable: types.includes("null"), schemas: types.length && !kept.length ? [] : [{ ...schema, type: kept.length === 1 ? kept[0] : kept }] };
}

const { TypeFlags } = ts;

/** What of a type is not as the schema says. */
function differing(checker, at, document, type, given, where, depth) {
  if (depth > 12 || type.flags & (TypeFlags.Any | TypeFlags.Unknown | TypeFlags.TypeParameter)) return [];
  const { nullable, schemas } = ways(document, given);
  const parts = type.isUnion() ? type.types : [type];
  const wrong = [];
  if (nullable && !parts.some((one) => one.flags & (TypeFlags.Null | TypeFlags.Undefined))) wrong.push(`${where} may be null`);
  const rest = parts.filter((one) => !(one.flags & (TypeFlags.Null | TypeFlags.Undefined | TypeFlags.Void)));
  const words = schemas.flatMap((one) => one.enum ?? (one.const === undefined ? [] : [one.const])).filter((one) => typeof one === "string");
  const literals = rest.filter((one) => one.isStringLiteral()).map((one) => one.value);
  if (literals.length && words.length) {
    for (const word of words.filter((one) => !literals.includes(one))) wrong.push(`${where} may be “${word}”`);
    for (const word of literals.filter((one) => !words.includes(one))) wrong.push(`${where} is never “${word}”`);
  }
  for (const one of rest.filter((own) => !own.isStringLiteral() && !(own.flags & TypeFlags.BooleanLiteral))) {
    const tried = schemas.map((schema) => shaped(checker, at, document, one, schema, where, depth));
    if (schemas.length && !tried.some((found) => found.length === 0)) wrong.push(...tried.sort((a, b) => a.length - b.length)[0]);
  }
  return wrong;
}

function shaped(checker, at, document, type, schema, where, depth) {
  const is = (kind) => [schema.type].flat().includes(kind);
  const said = [schema.type].flat().join(" or ") || "anything";
  if (!schema.type?.length && !schema.properties && !schema.enum) return [];
  // Of what somebody else said as they liked nothing is described.
  if (is("object") && !schema.properties && !schema.additionalProperties) return [];
  if (type.flags & TypeFlags.StringLike) return is("string") || schema.enum ? [] : [`${where} is ${said}, no string`];
  if (type.flags & TypeFlags.NumberLike) return is("number") || is("integer") ? [] : [`${where} is ${said}, no number`];
  if (type.flags & TypeFlags.BooleanLike) return is("boolean") ? [] : [`${where} is ${said}, no boolean`];
  if (checker.isTupleType(type)) {
    const items = schema.prefixItems ?? [];
    return checker.getTypeArguments(type).flatMap((one, n) => (items[n] || schema.items ? differing(checker, at, document, one, items[n] ?? schema.items, `${where}[${n}]`, depth + 1) : [`${where}[${n}] is not described`]));
  }
  if (checker.isArrayType(type)) {
    if (!is("array")) return [`${where} is ${said}, no list`];
    return schema.items ? differing(checker, at, document, checker.getTypeArguments(type)[0], schema.items, `${where}[]`, depth + 1) : [];
  }
  if (!is("object") && !schema.properties) return [`${where} is ${said}, no object`];
  const fields = checker.getPropertiesOfType(type).flatMap((field) => {
    const name = `${where}.${field.name}`;
    const own = schema.properties?.[field.name] ?? (typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined);
    const told = own && differing(checker, at, document, checker.getTypeOfSymbolAtLocation(field, at), own, name, depth + 1);
    // What is left out where there is none is described as if it were null.
    if (told && field.flags & ts.SymbolFlags.Optional) return told.filter((one) => one !== `${name} may be null`);
    return told ?? [`${name} is not there; there is ${Object.keys(schema.properties ?? {}).join(", ")}`];
  });
  const any = checker.getIndexInfosOfType(type)[0];
  const each = any && typeof schema.additionalProperties === "object" ? differing(checker, at, document, any.type, schema.additionalProperties, `${where}[…]`, depth + 1) : [];
  return [...fields, ...each];
}
