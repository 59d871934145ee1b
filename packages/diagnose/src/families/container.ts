import { groups, phrase, type Rule } from '../rule.ts';

export const container: readonly Rule[] = [
  {
    cause: 'docker_unavailable',
    fault: 'transient',
    stages: [],
    patterns: [
      {
        hints: ['docker daemon'],
        regex: /Cannot connect to the Docker daemon at (?<socket>\S+?)\.? Is the docker daemon running/,
        weight: 95,
        take: groups,
      },
      {
        hints: ['docker daemon socket'],
        regex: /permission denied while trying to connect to the Docker daemon socket(?: at (?<socket>[^:\s]+:\S+?):)?/,
        weight: 95,
        take: (match) => ({ ...groups(match), denied: true }),
      },
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
    cause: 'image_base_not_found',
    fault: 'user',
    stages: ['package', 'environment', 'build', 'health'],
    onlyThere: true,
    patterns: [
      {
        hints: ['pull access denied'],
        regex: /pull access denied(?: for (?<image>[^\s,]+))?/,
        weight: 92,
        take: (match, { search }) => ({
          ...groups(match),
          ...groups(search(/(?:metadata for|FROM) (?<image>\S+?):?$/, -6)),
        }),
      },
      {
        hints: ['manifest unknown', 'not found'],
        regex: /manifest for (?<image>\S+) not found|(?<tag>\S+): not found: manifest unknown/,
        weight: 92,
        take: groups,
      },
    ],
    words: ({ image, tag }) => ({
      title: `The image ${image ?? tag ?? 'that is asked for'} is not there, or not for us`,
      explanation: 'Registries answer alike for a name that is misspelt and for one that is private.',
      fix: `Check name and tag of ${image ?? tag ?? 'the image'}; if it is private, log the engine in to its registry. For COPY --from=… the stage has to be named with AS.`,
    }),
  },
  {
    cause: 'image_registry_unreachable',
    fault: 'transient',
    stages: ['package', 'environment', 'build'],
    onlyThere: true,
    patterns: [
      {
        hints: ['dial tcp'],
        regex: /"?(?<url>https?:\/\/(?<host>[^/"]+)\/v2\/[^"\s]*)"?: dial tcp[^:]*:? ?(?<reason>.*)/,
        weight: 90,
        take: groups,
      },
      { hints: ['toomanyrequests'], regex: /(?<reason>toomanyrequests)/, weight: 92, take: groups },
    ],
    words: ({ host, reason }) => ({
      title: `The image registry ${host ?? ''} could not be reached`.replace('  ', ' '),
      explanation: String(reason).includes('toomanyrequests')
        ? 'It limits how often an anonymous client may pull.'
        : `The connection failed${phrase(': ', reason)}.`,
      fix: String(reason).includes('toomanyrequests')
        ? 'Log the engine in to the registry, or pull through a mirror.'
        : `It is tried again by itself. If it stays: can this host reach ${host ?? 'the registry'}?`,
    }),
  },
];
