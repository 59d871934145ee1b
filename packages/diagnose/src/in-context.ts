import type { Failure } from './failure.ts';
import type { Finding } from './rule.ts';

/** What a finding means where more is known than the output says: who has set what, which files and packages there are. */
export function inContext(finding: Finding, failure: Failure): Finding {
  switch (finding.cause) {
    case 'env_var':
      return variableElsewhere(finding, failure);
    case 'module_not_found':
      return otherCapitals(finding, failure) ?? undeclared(finding, failure) ?? authorsPath(finding);
    case 'tool_missing':
      return undeclared(finding, failure) ?? finding;
    case 'config_file_missing':
    case 'build_output_missing':
      return otherCapitals(finding, failure) ?? authorsPath(finding);
    default:
      return finding;
  }
}

function variableElsewhere(finding: Finding, { stage, context }: Failure): Finding {
  const name = finding.details['variable'];
  if (typeof name !== 'string' || context.variables === undefined || finding.details['malformed'] === true)
    return finding;
  const here = stage === 'build' || stage === 'install' || stage === 'package' ? 'build' : 'run';
  const there = here === 'build' ? 'run' : 'build';
  if (context.variables[here].includes(name) || !context.variables[there].includes(name)) return finding;
  return {
    ...finding,
    details: { ...finding.details, setFor: there },
    title: `${name} is set for ${there} only, and the ${stage} stage reads it`,
    explanation: `The app has ${name}, with the scope ${there}: commands of the ${stage} stage do not get it.`,
    fix: `Set ${name} for ${here} too: \`switchyard variables set APP ${name} --scope ${here}\`. What a build reads ends up in its output: no secret for a browser.`,
  };
}

/** `./components/header` and `components/Header.tsx`: the same file where the author works, another one here. */
function otherCapitals(finding: Finding, { context }: Failure): Finding | null {
  const wanted = String(finding.details['module'] ?? finding.details['file'] ?? finding.details['path'] ?? '');
  const tail = wanted.replace(/^(?:\.{1,2}\/|@\/|~\/|\/)+/, '').replace(/\.[cm]?[jt]sx?$/, '');
  if (tail === '' || context.files === undefined || !/^[./~@]/.test(wanted)) return null;
  const bare = (file: string): string => file.replace(/(?:\/index)?\.\w+$/, '');
  const ends = (file: string): boolean => `/${bare(file)}`.endsWith(`/${tail}`) || `/${file}`.endsWith(`/${tail}`);
  if (context.files.some(ends)) return null;
  const lower = tail.toLowerCase();
  const actual = context.files.find(
    (file) => `/${bare(file)}`.toLowerCase().endsWith(`/${lower}`) || `/${file}`.toLowerCase().endsWith(`/${lower}`),
  );
  if (actual === undefined) return null;
  return {
    ...finding,
    details: { ...finding.details, actual },
    title: `${wanted} is written in other capitals than the file ${actual}`,
    explanation: 'macOS and Windows take both for the same file, Linux does not.',
    fix: `Write the import as the file is named (${actual}), or rename the file with \`git mv\`.`,
  };
}

function undeclared(finding: Finding, { context, stage }: Failure): Finding | null {
  const specifier = String(finding.details['module'] ?? finding.details['tool'] ?? '');
  const name = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0];
  if (name === undefined || context.dependencies === undefined || /^[./~]|^[A-Za-z]:|^@\//.test(specifier)) return null;
  const { dependencies, devDependencies } = context.dependencies;
  if (devDependencies.includes(name) && !dependencies.includes(name))
    return {
      ...finding,
      cause: 'dev_dependencies_missing',
      details: { ...finding.details, package: name },
      title: `${name} is in devDependencies, and the ${stage} stage uses it`,
      explanation: 'Development dependencies are not there when they were left out of the install or of the release.',
      fix: `Move ${name} to \`dependencies\` in package.json, and commit it with the lockfile.`,
    };
  if (dependencies.includes(name)) return null;
  return {
    ...finding,
    details: { ...finding.details, package: name, declared: false },
    explanation: `${name} is nowhere in package.json. Where it works, it was installed by hand, globally, or by another package.`,
    fix: `Add it: \`npm install ${name}\`, and commit package.json and the lockfile.`,
  };
}

const AUTHORS_PATH = /^(?:file:\/\/)?(?:\/Users\/[^/]+\/|\/home\/(?!deploy|node|app|runner)[^/]+\/|[A-Za-z]:\\)/;

function authorsPath(finding: Finding): Finding {
  const path = finding.details['path'] ?? finding.details['module'] ?? finding.details['file'];
  if (typeof path !== 'string' || !AUTHORS_PATH.test(path)) return finding;
  return {
    ...finding,
    details: { ...finding.details, authorsPath: true },
    explanation: `${path} is a place on somebody’s own machine, and in nothing that is deployed.`,
    fix: 'Refer to it by a path inside the repository, and commit it there; what is shared between repositories is better a package.',
  };
}
