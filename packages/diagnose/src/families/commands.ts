import { type Details, firstIn, groups, phrase, type Rule, type Sight } from '../rule.ts';

/** Programs that come with a system, not with npm. */
const OF_THE_SYSTEM = new Set([
  'git',
  'curl',
  'wget',
  'python',
  'python3',
  'make',
  'docker',
  'sudo',
  'psql',
  'mysql',
  'rsync',
  'ssh',
  'unzip',
  'jq',
  'java',
  'go',
  'ruby',
  'php',
  'composer',
  'cargo',
  'gcc',
  'g++',
  'convert',
  'ffmpeg',
]);

export const commands: readonly Rule[] = [
  {
    cause: 'tool_missing',
    fault: 'user',
    stages: [],
    patterns: [
      {
        hints: ['not found'],
        regex:
          /^(?:\/bin\/|\/usr\/bin\/)?(?:sh|bash|dash|ash|zsh): (?:line )?\d+: (?<tool>[^\s:]+): (?:command )?not found/,
        weight: 68,
        take: tool,
      },
      {
        hints: ['command not found'],
        regex: /^(?:zsh|bash|sh): (?:command not found: (?<tool>\S+)|(?<name>\S+): command not found)/,
        weight: 68,
        take: tool,
      },
      { hints: ['spawn '], regex: /spawn (?<tool>[\w./-]+) ENOENT/, weight: 66, take: tool },
      {
        hints: ['command "'],
        regex: /ERR_PNPM_RECURSIVE_EXEC_FIRST_FAIL\s+Command "(?<tool>\S+)" not found/,
        weight: 80,
        take: groups,
      },
    ],
    words: ({ tool: name }) => ({
      title: `The command ${name ?? ''} was not found`.replace('  ', ' '),
      explanation: OF_THE_SYSTEM.has(String(name))
        ? 'It is a program of the system, and not installed where the stage runs.'
        : 'No dependency brings it, and it is not installed where the stage runs.',
      fix: OF_THE_SYSTEM.has(String(name))
        ? `Install ${name} on the host or in the image, or do without it in the script.`
        : `Add the package that brings \`${name ?? 'it'}\` to the dependencies (\`npm install --save-dev ${name ?? '…'}\`) and commit the lockfile.`,
    }),
  },
  {
    cause: 'dev_dependencies_missing',
    fault: 'user',
    stages: [],
    patterns: [
      {
        hints: ['not found'],
        regex:
          /^(?:\/bin\/|\/usr\/bin\/)?(?:sh|bash|dash): (?:line )?\d+: (?<tool>nodemon|ts-node-dev|tsx|ts-node): (?:command )?not found/,
        weight: 78,
        take: (match, { failure }) => (failure.stage === 'health' ? groups(match) : null),
      },
      {
        hints: ['not found'],
        regex: /^(?:\/bin\/|\/usr\/bin\/)?(?:sh|bash|dash): (?:line )?\d+: (?<tool>[\w-]+): (?:command )?not found/,
        weight: 76,
        take: (match, { output }) =>
          /--prod(?:uction)?\b|--omit[= ]dev|node_env=production|devdependencies: skipped|only=prod/.test(
            output.lowerCase,
          )
            ? groups(match)
            : null,
      },
    ],
    words: ({ tool: name }) => ({
      title: `${name ?? 'A tool'} is a development dependency, and those were not installed`,
      explanation:
        'The install left `devDependencies` out (NODE_ENV=production, --omit=dev), or the command is one for programming, not for serving.',
      fix: `Move ${name ?? 'it'} to \`dependencies\`, install development dependencies for this stage, or use a command that does not need it (\`node server.js\`).`,
    }),
  },
  {
    cause: 'script_missing',
    fault: 'user',
    stages: ['build', 'migrate', 'health'],
    patterns: [
      { hints: ['missing script'], regex: /[Mm]issing script:? "?(?<script>[\w:.-]+)"?/, weight: 92, take: groups },
      { hints: ['command "'], regex: /error Command "(?<script>[\w:.-]+)" not found/, weight: 90, take: groups },
      {
        hints: ['err_pnpm_no_script'],
        regex: /ERR_PNPM_NO_SCRIPT\s+Missing script: (?<script>\S+)/,
        weight: 92,
        take: groups,
      },
      {
        hints: ["couldn't find a script named"],
        regex: /Couldn't find a script named "(?<script>[^"]+)"/,
        weight: 92,
        take: groups,
      },
      { hints: ['script not found "'], regex: /Script not found "(?<script>[^"]+)"/, weight: 92, take: groups },
    ],
    words: ({ script }) => ({
      title: `package.json has no script "${script ?? ''}"`,
      explanation: 'The command runs a script by a name that is not among `scripts` in the app’s package.json.',
      fix: `Add "${script ?? ''}" to \`scripts\`, or name another command in switchyard.json; if the script is in a sub-directory, set \`root\` there.`,
    }),
  },
  {
    cause: 'build_config_invalid',
    fault: 'user',
    stages: ['build'],
    patterns: [
      {
        hints: ['set: not found'],
        regex: /(?:sh|bash): (?:line )?\d+: (?:SET|set): not found/i,
        weight: 90,
        take: (_, { output }) => ({ ...groups(firstIn(output, ['set '], /(?<setting>SET \w+=[^\s&]+)/i)), shell: 'Windows' }),
      },
      {
        hints: ["couldn't find an eslint.config"],
        regex: /couldn't find an (?<file>eslint\.config)\.\(js\|mjs\|cjs\) file/,
        weight: 92,
        take: () => ({ file: 'eslint.config.js' }),
      },
      {
        hints: ['can not be exported'],
        regex: /Error for page (?<page>\S+): pages with `(?<setting>\w+)` can not be exported/,
        weight: 92,
        take: groups,
      },
      {
        hints: ["couldn't find any `pages`"],
        regex: /Couldn't find any `pages` or (?<file>`app`) directory/,
        weight: 92,
        take: groups,
      },
      {
        hints: ['error ts'],
        regex: /(?<file>tsconfig[\w.]*\.json)\((?<line>\d+),(?<column>\d+)\): error (?<code>TS\d+): (?<message>.+)/,
        weight: 93,
        take: groups,
      },
      {
        hints: ['error ts5', 'error ts6', 'error ts18003'],
        regex: /error (?<code>TS(?:50\d\d|60\d\d|18003)): (?<message>.+)/,
        weight: 85,
        take: groups,
      },
      {
        hints: ['could not resolve entry module'],
        regex: /Could not resolve entry module "(?<file>[^"]+)"/,
        weight: 94,
        take: groups,
      },
      {
        hints: ['invalid configuration object'],
        regex: /(?<file>Invalid configuration object|Invalid options object)\. (?<message>.+)/,
        weight: 88,
        take: groups,
      },
    ],
    words: ({ file, line, setting, page, message, shell }) => ({
      title:
        shell === undefined
          ? `The configuration is not valid${phrase(': ', file ?? setting)}${phrase(', line ', line)}`
          : `The script is written for the Windows shell: ${setting ?? 'SET'}`,
      explanation:
        shell === undefined
          ? `${phrase('', message) || `The build tool can’t work with ${file ?? setting ?? 'its configuration'}`}${phrase(' (page ', page, ')')}.`
          : 'Builds run in a POSIX shell, where SET is no command.',
      fix:
        shell === undefined
          ? `Correct ${file ?? setting ?? 'the configuration'}, or add it where it is missing; try the build command locally.`
          : 'Write `NAME=value command`, or use `cross-env NAME=value command`, which works on both.',
    }),
  },
];

function tool(match: RegExpExecArray, { output, near }: Sight): Details | null {
  const name = match.groups?.['tool'] ?? match.groups?.['name'] ?? '';
  // A script of the install that lacks its tool, and a variable set as Windows does it, have diagnoses of their own.
  if (name === '' || /^set$/i.test(name)) return null;
  if (name.includes('/') || near(0).includes('Permission denied')) return null;
  return { tool: name, ...groups(firstIn(output, ['> '], /^> (?<command>(?![^\s@]+@\S+ ).+)/)) };
}
