import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { parseSync } from 'oxc-parser';

/**
 * Something a file uses that a fence may have a word about. Exactly one of the optional fields but `text` is set.
 *
 * @typedef {object} Use
 * @property {number} line
 * @property {string} text as it stands in the source, shortened
 * @property {string} [builtin] a module of Node's, without `node:`
 * @property {string} [package] an installed package
 * @property {string} [workspace] a package or app of ours, by its directory (`packages/queue`), however it was reached
 * @property {boolean} [environment] `process.env`
 * @property {string} [ambient] time, randomness, timers, the process or the network, taken from thin air
 */

const SCOPE = '@switchyard/';
const AMBIENT_CALLS = new Set(['fetch', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']);
const AMBIENT_OBJECTS = new Set(['process', 'performance', 'crypto', 'console']);
const AMBIENT_MEMBERS = new Set(['Date.now', 'Math.random']);

/**
 * @param {string} path from the root, with `/`
 * @param {string} source
 * @param {readonly string[]} workspaces directories of ours: `apps/api`, `packages/queue`, …
 * @returns {Use[]}
 * @throws when the file cannot be parsed: a file that is not understood is not a file without violations
 */
export function usesOf(path, source, workspaces) {
  const { program, errors } = parseSync(path, source);
  const error = errors.find(({ severity }) => severity === 'Error');
  if (error) throw new Error(`${path}: ${error.message}`);

  /** @type {Use[]} */
  const uses = [];
  const add = (node, what) => {
    const text = source.slice(node.start, node.end).split('\n')[0].slice(0, 100);
    uses.push({ line: source.slice(0, node.start).split('\n').length, text, ...what });
  };
  walk(program, (node) => {
    const specifier = specifierOf(node);
    if (specifier !== undefined) add(node, target(path, specifier, workspaces));
    if (readsEnvironment(node)) add(node, { environment: true });
    const ambient = ambientOf(node);
    if (ambient) add(node, { ambient });
  });
  return uses;
}

function walk(node, visit) {
  if (Array.isArray(node)) {
    for (const one of node) walk(one, visit);
  } else if (node && typeof node.type === 'string') {
    visit(node);
    for (const key of Object.keys(node)) {
      if (key !== 'type' && typeof node[key] === 'object') walk(node[key], visit);
    }
  }
}

/** What a module is imported by: every way that TypeScript and Node know, types included. */
function specifierOf(node) {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return literal(node.source);
    case 'TSExternalModuleReference':
      return literal(node.expression);
    case 'CallExpression':
      return isModuleCall(node.callee) ? literal(node.arguments[0]) : undefined;
    default:
      return undefined;
  }
}

/** `require(…)`, `require.resolve(…)`, `import.meta.resolve(…)`, `process.getBuiltinModule(…)`. */
function isModuleCall(callee) {
  if (callee.type === 'Identifier') return callee.name === 'require';
  if (callee.type !== 'MemberExpression') return false;
  const property = propertyOf(callee);
  return (
    property === 'getBuiltinModule' ||
    (property === 'resolve' && (callee.object.name === 'require' || callee.object.type === 'MetaProperty'))
  );
}

function literal(node) {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value;
  if (node?.type === 'TemplateLiteral' && node.expressions.length === 0) return node.quasis[0].value.cooked;
  return undefined;
}

/** The name of a member, whether it is written `a.b` or `a['b']`. */
function propertyOf(member) {
  return member.computed ? literal(member.property) : member.property.name;
}

function readsEnvironment(node) {
  const isProcess = (one) =>
    one?.type === 'Identifier'
      ? one.name === 'process'
      : one?.type === 'MemberExpression' && propertyOf(one) === 'process';
  const namesEnv = (property) => property.key?.name === 'env' || property.key?.value === 'env';
  switch (node.type) {
    case 'MemberExpression':
      return propertyOf(node) === 'env' && isProcess(node.object);
    case 'VariableDeclarator':
      return node.id.type === 'ObjectPattern' && isProcess(node.init) && node.id.properties.some(namesEnv);
    case 'ImportDeclaration':
      return (
        /^(node:)?process$/.test(literal(node.source) ?? '') &&
        node.specifiers.some(({ imported }) => imported?.name === 'env')
      );
    default:
      return false;
  }
}

function ambientOf(node) {
  if (node.type === 'NewExpression' && node.callee.name === 'Date' && node.arguments.length === 0) return 'new Date()';
  if (node.type === 'CallExpression' && node.callee.type === 'Identifier' && AMBIENT_CALLS.has(node.callee.name))
    return node.callee.name;
  if (node.type === 'MemberExpression' && node.object.type === 'Identifier') {
    const member = `${node.object.name}.${propertyOf(node)}`;
    if (AMBIENT_OBJECTS.has(node.object.name) || AMBIENT_MEMBERS.has(member)) return member;
  }
  return undefined;
}

/** Where an import leads. */
function target(path, specifier, workspaces) {
  if (specifier.startsWith('.')) {
    const resolved = posix.join(posix.dirname(path), specifier);
    return { workspace: workspaces.find((one) => resolved.startsWith(`${one}/`)) };
  }
  const builtin = specifier.replace(/^node:/, '');
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) return { builtin };
  if (specifier.startsWith(SCOPE)) {
    const name = specifier.slice(SCOPE.length).split('/')[0];
    return { workspace: workspaces.find((one) => posix.basename(one) === name) };
  }
  return {
    package: specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/'),
  };
}
