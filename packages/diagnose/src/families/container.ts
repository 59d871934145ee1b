import { groups, named, phrase, type Rule, sign, withNear } from '../rule.ts';

const STEP_ABOVE: readonly [RegExp, number] = [/^(?:\S+ )?(?:> )?\[[^\]]*\] (?<instruction>(?:COPY|ADD) .+)/, -10];
const PUSHED: readonly [RegExp, number] = [
  /(?:push refers to (?:a )?repository \[|pushing |exporting to |docker push )(?<repository>[\w.:-]+(?:\/[\w.-]+)+(?::[\w.-]+)?)/,
  -30,
];

export const container: readonly Rule[] = [
  {
    cause: 'docker_unavailable',
    fault: 'transient',
    stages: [],
    patterns: [
      sign(
        'docker daemon',
        /Cannot connect to the Docker daemon at (?<socket>\S+?)\.? Is the docker daemon running/,
        95,
      ),
      sign(
        ['permission denied while trying to connect', 'docker daemon socket'],
        /permission denied while trying to connect to the (?:Docker daemon socket|docker API)(?: at (?<socket>[^:\s]+:\S+?):?)?(?:\s|$)/,
        95,
        named({ denied: true }),
      ),
      sign(['docker.sock'], /dial unix (?<socket>\S*docker\.sock): connect: (?<reason>.+)/, 90),
      sign('error during connect', /error during connect: .*(?<socket>(?:tcp|http|unix|npipe):\/\/[^"\s]+)/, 86),
    ],
    words: ({ socket, denied }) => ({
      title: `The container engine does not answer${phrase(' at ', socket)}`,
      explanation:
        denied === true
          ? 'Its socket may not be used by the user that the worker runs as.'
          : 'It is not running, or listens elsewhere.',
      fix:
        denied === true
          ? 'Add the user to the group docker, or run the worker as one that may use the socket.'
          : 'Start it (`systemctl start docker`), or set DOCKER_HOST to where it listens.',
    }),
  },
  {
    cause: 'dockerfile_invalid',
    fault: 'user',
    stages: ['package'],
    patterns: [
      sign(
        ['failed to read dockerfile', 'unable to prepare context'],
        /(?:failed to read dockerfile|unable to (?:prepare|evaluate).*): .*?(?:open |lstat )?(?<path>[\w./-]*[Dd]ockerfile[\w.-]*):? (?:no such file or directory|not found)/,
        94,
        (match) => ({ missing: true, ...groups(match), file: 'Dockerfile' }),
      ),
      sign(
        ['cannot locate specified dockerfile', 'failed to read dockerfile'],
        /Cannot locate specified (?<file>Dockerfile)[^\n]*|failed to read (?<name>dockerfile)/i,
        88,
        named({ missing: true }),
      ),
      sign(['should not be blank'], /base name \((?<instruction>[^)]*)\) should not be blank/, 94),
      sign(
        ['dockerfile parse error', 'unknown instruction'],
        /(?:[Dd]ockerfile parse error (?:on )?line (?<line>\d+): )?[Uu]nknown instruction: (?<instruction>\S+)/,
        95,
      ),
      sign('parse error', /[Dd]ockerfile parse error (?:on )?line (?<line>\d+): (?<message>.+)/, 94),
      sign(
        [
          'requires at least',
          'requires exactly',
          'no build stage in current context',
          'file with no instructions',
          'no source files were specified',
          'unknown flag',
          'cannot be empty',
          'failed to parse stage name',
        ],
        /(?:(?<instruction>[A-Z]{3,}) requires (?:at least|exactly) .+|(?<message>no build stage in current context|file with no instructions|[Nn]o source files were specified|failed to parse stage name .+|the Dockerfile .* cannot be empty|circular dependency.*))/,
        88,
      ),
      sign('target stage', /target stage "?(?<instruction>[\w.-]+)"? could not be found/, 93),
    ],
    words: ({ file, path, line, instruction, message, missing }) => ({
      title:
        missing === true
          ? `There is no ${path ?? file ?? 'Dockerfile'}`
          : `The Dockerfile is not valid${phrase(', line ', line)}${phrase(': ', instruction)}`,
      explanation:
        missing === true
          ? 'The build looks for a Dockerfile where none is in what is deployed.'
          : `${message ?? 'An instruction is unknown, incomplete, or uses an argument that is not set'}.`,
      fix:
        missing === true
          ? 'Commit the Dockerfile, or name the directory that holds it: `root` in switchyard.json.'
          : `Correct ${instruction ?? 'the instruction'}${phrase(' in line ', line)}; give arguments of FROM a default (ARG NAME=value).`,
    }),
  },
  {
    cause: 'image_base_not_found',
    fault: 'user',
    stages: ['package', 'environment', 'build', 'health'],
    onlyThere: true,
    patterns: [
      sign(
        'pull access denied',
        /pull access denied(?: for (?<image>[^\s,]+))?/,
        92,
        withNear([/(?:metadata for|FROM|resolve) (?<image>\S+?):?(?: [\d.]+s (?:done|error))?$/, -6]),
      ),
      sign(
        ['manifest unknown', 'not found', 'manifest for'],
        /manifest for (?<image>\S+) not found|(?<tag>[\w.-]+(?:\/[\w.-]+)*:[\w.-]+): (?:not found: )?(?:manifest unknown|not found$)/,
        92,
      ),
      sign(
        ['failed to resolve source metadata', 'failed to resolve reference'],
        /failed to resolve (?:source metadata for|reference) "?(?<image>[^\s"]+?)"?: .*(?:not found|denied|403|401)/,
        93,
      ),
      sign(
        ['imagepullbackoff', 'errimagepull', 'failed to pull image'],
        /Failed to pull image "(?<image>[^"]+)"|(?<reason>ImagePullBackOff|ErrImagePull)/,
        90,
        withNear([/image "(?<image>[^"]+)"/, 8], [/Image:\s+(?<image>\S+)/, -20]),
      ),
      sign(
        'repository does not exist',
        /repository (?<image>\S+) not found: does not exist|repository does not exist or may require/,
        90,
        withNear([/(?:metadata for|FROM) (?<image>\S+?):?$/, -6]),
      ),
      sign('invalid from flag value', /invalid from flag value (?<image>\S+?):/, 92),
    ],
    words: ({ image, tag, reason }) => ({
      title: `The image ${image ?? tag ?? 'that is asked for'} is not there, or not for us${phrase(' (', reason, ')')}`,
      explanation: 'Registries answer alike for a name that is misspelt and for one that is private.',
      fix: `Check name and tag of ${image ?? tag ?? 'the image'}; if it is private, log the engine in to its registry. For COPY --from=… the stage has to be named with AS.`,
    }),
  },
  {
    cause: 'image_copy_missing',
    fault: 'user',
    stages: ['package'],
    patterns: [
      sign(
        ['failed to compute cache key', 'failed to calculate checksum'],
        /(?:failed to (?:compute cache key|calculate checksum of ref \S+):? ?.*?)?"(?<path>[^"]+)":? not found/,
        93,
        withNear(STEP_ABOVE),
      ),
      sign(
        'not found',
        /ERROR: .*"(?<path>\/[^"]+)": not found|ERROR: "(?<other>\/[^"]+)" not found/,
        93,
        withNear(STEP_ABOVE),
      ),
      sign(
        ['copy failed', 'add failed'],
        /(?:COPY|ADD) failed: .*?(?:stat |excluded by \.dockerignore: stat )?(?<path>[\w./*-]+): (?:file does not exist|no such file or directory)/,
        94,
      ),
      sign(
        ['copy failed: no source files', 'add failed: no source files'],
        /(?:COPY|ADD) failed: no source files were specified/,
        92,
        withNear([/(?:COPY|ADD) (?<path>\S+)/, -3]),
      ),
      sign('forbidden path outside the build context', /[Ff]orbidden path outside the build context: (?<path>\S+)/, 94),
      sign('lstat', /(?:lstat|stat) (?<path>[\w./-]+): no such file or directory/, 78),
    ],
    words: ({ path, other, instruction }) => ({
      title: `What is to be copied into the image is not there: ${path ?? other ?? instruction ?? ''}`.replace(
        /: $/,
        '',
      ),
      explanation: `The Dockerfile copies it${phrase(' in `', instruction, '`')}, and it is neither in what is deployed nor in the stage that it is taken from; .dockerignore may leave it out.`,
      fix: `Commit ${path ?? other ?? 'it'}, build it in an earlier stage, or take it out of .dockerignore.`,
    }),
  },
  {
    cause: 'image_push_denied',
    fault: 'user',
    stages: ['package'],
    onlyThere: true,
    patterns: [
      sign(
        'requested access to the resource is denied',
        /denied: requested access to the resource is denied/,
        93,
        withNear(PUSHED),
      ),
      sign(
        ['unexpected status', 'failed to push'],
        /(?:failed to push (?<repository>\S+?): )?.*unexpected status(?: from \w+ request to \S+)?: (?<status>40[13] \w+)/,
        91,
        withNear(PUSHED),
      ),
      sign(
        ['denied:', 'unauthorized:', 'insufficient_scope', 'no basic auth credentials'],
        /(?:denied: (?<message>.+)|unauthorized: (?<reason>authentication required|access .+)|(?<scope>insufficient_scope)|no basic auth credentials)/,
        84,
        (match, sight) => (/push/.test(sight.output.lowerCase) ? withNear(PUSHED)(match, sight) : null),
      ),
    ],
    words: ({ repository, status, message, reason }) => ({
      title: `The registry refused the image${phrase(' ', repository)}${phrase(' (', status ?? message ?? reason, ')')}`,
      explanation: 'The credential may not push there, or no credential was given.',
      fix: `Log the engine in with a credential that may write to ${repository ?? 'the repository'}; see that the repository exists and that its name begins with your account.`,
    }),
  },
  {
    cause: 'image_registry_unreachable',
    fault: 'transient',
    stages: ['package', 'environment', 'build'],
    onlyThere: true,
    patterns: [
      sign(
        ['dial tcp', 'i/o timeout', 'tls handshake timeout', 'context deadline exceeded', 'connection reset by peer'],
        /"?(?<url>https?:\/\/(?<host>[^/"]+)\/(?:v2|token)[^"\s]*)"?: (?<reason>(?:dial tcp|net\/http|read tcp|context deadline|EOF|write tcp|proxyconnect).*)/,
        90,
      ),
      sign(
        ['toomanyrequests', 'too many requests', 'pull rate limit'],
        /(?<reason>toomanyrequests|429 Too Many Requests|pull rate limit)/,
        92,
        withNear([/(?:metadata for|FROM|[Pp]ulling) (?<image>\S+?):?$/, -6]),
      ),
      sign(
        ['unexpected status', 'received unexpected http status'],
        /unexpected (?:HTTP )?status(?:[^:]*)?: (?<reason>5\d\d .+)/,
        88,
      ),
    ],
    words: ({ host, reason, image }) => ({
      title: `The image registry ${host ?? image ?? ''} could not be reached`.replace('  ', ' '),
      explanation: /too ?many|limit/i.test(String(reason))
        ? `It limits how often an anonymous client may pull (${reason}).`
        : `The connection failed${phrase(': ', reason)}.`,
      fix: /too ?many|limit/i.test(String(reason))
        ? 'Log the engine in to the registry, or pull through a mirror.'
        : `It is tried again by itself. If it stays: can this host reach ${host ?? 'the registry'}?`,
    }),
  },
  {
    cause: 'image_run_failed',
    fault: 'user',
    stages: ['package'],
    onlyThere: true,
    patterns: [
      sign('unable to locate package', /E: Unable to locate package (?<package>\S+)/, 86),
      sign(
        ['has no installation candidate', "couldn't find any package by"],
        /E: (?:Package '(?<package>[^']+)' has no installation candidate|Couldn't find any package by .*'(?<name>[^']+)')/,
        86,
      ),
      sign(['(no such package)', 'unable to select packages'], /^\s*(?<package>[\w.+-]+) \(no such package\)/, 86),
      sign(
        ['sub-process', 'dpkg: error'],
        /(?:E: Sub-process (?<package>\S+) returned an error|dpkg: error processing (?<name>.+))/,
        70,
      ),
      sign(
        ['did not complete successfully', 'executor failed running', 'returned a non-zero code'],
        /(?:process "(?<command>[^\n]+?)" did not complete successfully|executor failed running \[(?<run>.+?)\]|The command '(?<step>[^']+)' returned a non-zero code): (?:exit code: )?(?<exit>\d+)/,
        46,
      ),
    ],
    words: ({ package: name, command, run, step, exit }) => ({
      title:
        name === undefined
          ? `A RUN step failed${phrase(' (exit code ', exit, ')')}`
          : `The image’s system has no package ${name}`,
      explanation:
        name === undefined
          ? `\`${command ?? run ?? step ?? 'The command'}\` ended with an error, which its own lines show.`
          : 'It is misspelt, is named otherwise in this release of the system, or its lists were not fetched first.',
      fix:
        name === undefined
          ? 'Read the lines of the step in the log, and run the same build on your machine.'
          : `Check the name of ${name} for the base image that is used, and run the update of the package lists in the same step.`,
    }),
  },
];
