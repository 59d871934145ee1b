import { type Details, firstIn, groups, phrase, type Rule, type Sight, sign, withNear } from '../rule.ts';

/** Programs that come with a system, not with npm. */
const OF_THE_SYSTEM = new Set([
  'git',
  'curl',
  'wget',
  'python',
  'python3',
  'pip',
  'pip3',
  'make',
  'docker',
  'sudo',
  'psql',
  'pg_dump',
  'mysql',
  'mysqldump',
  'sqlite3',
  'rsync',
  'ssh',
  'scp',
  'unzip',
  'zip',
  'jq',
  'java',
  'mvn',
  'gradle',
  'go',
  'ruby',
  'bundle',
  'php',
  'composer',
  'cargo',
  'gcc',
  'g++',
  'cmake',
  'convert',
  'ffmpeg',
  'nginx',
  'systemctl',
  'bash',
  'deno',
  'bun',
  'pnpm',
  'yarn',
  'node',
  'npm',
  'corepack',
  'aws',
  'kubectl',
  'envsubst',
  'gzip',
  'tar',
  'xz',
  'openssl',
  'redis-cli',
  'pm2',
]);
const WORD = '[^\\s:\'"`/]+';
/** Tools for programming: a release has no use for them. */
const FOR_PROGRAMMING =
  /^(?:nodemon|ts-node-dev|tsx|ts-node|concurrently|dotenv|cross-env|vite|tsc|webpack-dev-server|nest)$/;
const PRODUCTION =
  /--prod(?:uction)?\b|--omit[= ]dev|node_env[= ]"?production|devdependencies: skipped|only=prod|--without dev|--no-dev|skipping devdependencies|npm_config_production=true|omitting dev/;
const SHELL_NOT_FOUND = new RegExp(
  `^(?:/(?:usr/)?bin/)?(?:sh|bash|dash|ash|zsh)(?:: line)?:? ?(?:line )?\\d*:? ?(?:exec: )?(?<tool>${WORD}): (?:command )?not found`,
);

export const commands: readonly Rule[] = [
  {
    cause: 'tool_missing',
    fault: 'user',
    stages: [],
    patterns: [
      sign('not found', SHELL_NOT_FOUND, 81, tool),
      sign(
        'command not found',
        new RegExp(
          `(?:command not found: (?<tool>${WORD})|^(?:[\\w./-]+: (?:line )?\\d+: )?(?<name>${WORD}): command not found)`,
        ),
        81,
        tool,
      ),
      sign(['spawn ', 'spawnsync '], /spawn(?:Sync)? (?<tool>[\w./-]+) ENOENT/, 80, tool),
      sign(
        'err_pnpm_recursive_exec_first_fail',
        /ERR_PNPM_RECURSIVE_EXEC_FIRST_FAIL\s+Command "(?<tool>\S+)" not found/,
        86,
        tool,
      ),
      sign(
        'could not determine executable to run',
        /could not determine executable to run/,
        84,
        withNear([/(?:npx|npm exec|command) .*?(?<tool>[\w@/-]+)$/, -4]),
      ),
      sign(
        ['command not found: ', "couldn't find the binary"],
        /(?:Usage Error: )?Couldn't find the binary (?<tool>\S+)|command not found: (?<name>\S+)/,
        82,
        tool,
      ),
      sign(
        ['no such file or directory'],
        /(?:^|: )(?:\/usr\/bin\/)?env: ['‘]?(?<tool>[\w.+-]+)['’]?: No such file or directory/,
        87,
        (match, sight) => (match.input.includes('\\r') ? null : tool(match, sight)),
      ),
      sign(
        'executable file not found in',
        /exec: "(?<tool>[\w.-]+)": executable file not found in \$PATH/,
        74,
        (match, { failure, output }) =>
          failure.stage === 'switch' ||
          failure.stage === 'health' ||
          output.lowerCase.includes('oci runtime') ||
          output.lowerCase.includes('cgo')
            ? null
            : groups(match),
      ),
      sign(['failed to execute: ', 'failed to spawn'], /[Ff]ailed to (?:spawn|execute): `?(?<tool>[\w.-]+)`?/, 84),
      sign(
        'command not found',
        /(?:command not found): (?<tool>\S+) \(|bundler: command not found: (?<name>\S+)/,
        88,
        tool,
      ),
      sign(
        'is not recognized as an internal or external command',
        /'(?<tool>[^']+)' is not recognized as an internal or external command/,
        86,
      ),
      sign(['executable `', 'program not found'], /error: no such (?:command|subcommand): `(?<tool>[^`]+)`/, 86),
      sign(
        ['filenotfounderror'],
        /FileNotFoundError: \[Errno 2\] No such file or directory: '(?<tool>[\w.-]+)'$/,
        72,
        (match) => (match.groups?.['tool']?.includes('.') === true ? null : groups(match)),
      ),
      sign(
        ['the command "', 'could not be found'],
        /The command "?(?<tool>[\w.-]+)"? (?:was not found|could not be found)/i,
        84,
      ),
    ],
    words: ({ tool: name, command }) => ({
      title: `The command ${name ?? ''} was not found`.replace('  ', ' '),
      explanation: `${OF_THE_SYSTEM.has(String(name)) ? 'It is a program of the system, and not installed where the stage runs' : 'No dependency brings it, and it is not installed where the stage runs'}${phrase('; it was called by `', command, '`')}.`,
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
      sign('not found', SHELL_NOT_FOUND, 86, (match, { failure }) =>
        failure.stage === 'health' && FOR_PROGRAMMING.test(match.groups?.['tool'] ?? '') ? groups(match) : null,
      ),
      sign('not found', SHELL_NOT_FOUND, 85, (match, { output }) =>
        PRODUCTION.test(output.lowerCase) && !OF_THE_SYSTEM.has(match.groups?.['tool'] ?? '') ? groups(match) : null,
      ),
      sign(
        'cannot find',
        /Cannot find (?:module|package) '(?<tool>(?:@[\w.-]+\/)?[\w.-]+)'/,
        90,
        (match, { output, failure }) =>
          PRODUCTION.test(output.lowerCase) &&
          failure.stage !== 'health' &&
          /vite|webpack|typescript|tailwind|postcss|autoprefixer|esbuild|rollup|@types|babel|tsup|sass|@vitejs|eslint/.test(
            match.groups?.['tool'] ?? '',
          )
            ? groups(match)
            : null,
      ),
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
    stages: ['build', 'migrate', 'health', 'package'],
    patterns: [
      sign('missing script', /[Mm]issing script:? "?(?<script>[\w:./-]+)"?/, 92),
      sign(['error command "', 'command "'], /error Command "(?<script>[\w:./-]+)" not found/, 91),
      sign(
        ['command "', "couldn't find a script"],
        /^(?:ERROR |error )?.*Command "(?<script>[\w:./-]+)" not found(?:\.|, did you mean)/,
        84,
        (match) => (/RECURSIVE_EXEC/.test(match.input) ? null : groups(match)),
      ),
      sign("couldn't find a script named", /Couldn't find a script named "(?<script>[^"]+)"/, 92),
      sign('script not found "', /[Ss]cript not found "(?<script>[^"]+)"/, 92),
      sign('none of the selected packages has', /None of the selected packages has an? "(?<script>[^"]+)" script/, 92),
      sign('no rule to make target', /No rule to make target [`'](?<script>[^'`]+)'/, 90),
      sign(
        ['task not found', 'could not find task', 'could not find the following tasks'],
        /(?:Task not found: ?|[Cc]ould not find task [`"']|could not find the following tasks in project: |Missing tasks? in project\s*|Could not find task `)(?<script>[\w:./-]+)/,
        90,
      ),
      sign('cannot find configuration for task', /Cannot find configuration for task (?<script>\S+)/, 91),
      sign(["task '", 'not found in root project'], /Task '(?<script>[^']+)' not found in (?:root )?project/, 92),
      sign('unknown lifecycle phase', /Unknown lifecycle phase "(?<script>[^"]+)"/, 92),
      sign("don't know how to build task", /Don't know how to build task '(?<script>[^']+)'/, 91),
      sign('unknown command: ', /Unknown command: ['"]?(?<script>[\w:.-]+)/, 78),
      sign(
        ['is not defined.', 'there are no commands defined'],
        /(?:Command "(?<script>[\w:.-]+)" is not defined|There are no commands defined in the "(?<group>[^"]+)" namespace)/,
        88,
      ),
      sign('script "', /Script "(?<script>[\w:.-]+)" (?:is not defined|does not exist|not found) in/, 90),
    ],
    words: ({ script, group }) => ({
      title:
        script === undefined && group === undefined
          ? 'The script that is run does not exist'
          : `There is no script "${script ?? group}"`,
      explanation:
        'The command runs a script or target by a name that the app’s package.json (or Makefile, Rakefile …) does not have.',
      fix: `Add "${script ?? group ?? ''}" to \`scripts\`, or name another command in switchyard.json; if the script is in a sub-directory, set \`root\` there.`,
    }),
  },
];

function tool(match: RegExpExecArray, { output, near }: Sight): Details | null {
  const name = match.groups?.['tool'] ?? match.groups?.['name'] ?? '';
  // A variable set as Windows does it has a diagnosis of its own, and so has a compiler that node-gyp misses.
  if (name === '' || /^set$/i.test(name) || /^(?:\d+|sh|then|fi)$/.test(name)) return null;
  if (name.includes('/') || near(0).includes('Permission denied')) return null;
  if (/gyp/.test(near(0))) return null;
  const command = firstIn(output, ['> '], /^> (?<command>(?![^\s@]+@\S+ )(?!\S+$).+)/);
  return { tool: name, ...groups(command) };
}
