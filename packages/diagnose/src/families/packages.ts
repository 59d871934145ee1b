import { type Details, groups, phrase, type Rule, type Sight } from '../rule.ts';
import { reached, withPackage } from './registry-address.ts';

export const packages: readonly Rule[] = [
  {
    cause: 'package_not_found',
    fault: 'user',
    stages: ['install', 'environment'],
    onlyThere: true,
    patterns: [
      { hints: ['404'], regex: /404 Not Found - GET (?<url>https?:\/\/\S+)/, weight: 88, take: withPackage },
      {
        hints: ['is not in this registry', 'is not in the npm registry'],
        regex: /'(?<package>(?:@[^@\s/]+\/)?[^@\s']+)@[^']*' is not in (?:this|the npm) registry/,
        weight: 86,
        take: groups,
      },
      {
        hints: ['err_pnpm_fetch_404'],
        regex: /ERR_PNPM_FETCH_404\s+GET (?<url>https?:\/\/[^\s:]+(?::\d+)?[^\s:]*)/,
        weight: 90,
        take: withPackage,
      },
      { hints: ['- 404'], regex: /GET (?<url>https?:\/\/\S+) - 404/, weight: 88, take: withPackage },
      {
        hints: ["couldn't find package"],
        regex: /Couldn't find package "(?<package>[^"]+)"/,
        weight: 90,
        take: groups,
      },
      {
        hints: ['package not found'],
        regex: /(?<package>(?:@[\w.-]+\/)?[\w.-]+)@[^:\s]+: Package not found/,
        weight: 88,
        take: groups,
      },
    ],
    words: ({ package: name, url }) => ({
      title: `The registry has no package ${name ?? ''}`.trim(),
      explanation: `${url ?? 'The registry'} answered 404: the name is misspelt, the package was unpublished, or it is private and this registry is the wrong one for it.`,
      fix: `Check the name ${name ?? ''} in package.json. If it is private, name its registry in .npmrc${typeof name === 'string' && name.startsWith('@') ? ` (\`${name.split('/')[0]}:registry=…\`)` : ''} and give a token.`,
    }),
  },
  {
    cause: 'version_not_found',
    fault: 'user',
    stages: ['install'],
    patterns: [
      {
        hints: ['no matching version found for'],
        regex: /No matching version found for (?<package>(?:@[^@\s/]+\/)?[^@\s]+)@(?<wanted>[^\s]+?)\.?(?=\s|$)/,
        weight: 90,
        take: latest,
      },
      {
        hints: ["couldn't find any versions for"],
        regex: /Couldn't find any versions for "(?<package>[^"]+)" that matches "(?<wanted>[^"]+)"/,
        weight: 90,
        take: groups,
      },
      {
        hints: ['no_mature_matching_version'],
        regex: /Version (?<wanted>\S+) .* of (?<package>\S+) does not meet the minimumReleaseAge/,
        weight: 92,
        take: latest,
      },
      {
        hints: ['no matching distribution found'],
        regex: /No matching distribution found for (?<package>[\w.-]+)==?(?<wanted>\S+)/,
        weight: 80,
        take: groups,
      },
      {
        hints: ['no candidates found', 'no candidates'],
        regex: /(?<package>(?:@[\w.-]+\/)?[\w.-]+)@(?:npm:)?(?<wanted>[^:\s]+): No candidates found/,
        weight: 90,
        take: groups,
      },
      {
        hints: ['failed to resolve'],
        regex: /No version matching "(?<wanted>[^"]+)" found for specifier "(?<package>[^"]+)"/,
        weight: 90,
        take: groups,
      },
    ],
    words: ({ package: name, wanted, latest: newest }) => ({
      title: `There is no ${name ?? 'package'} in version ${wanted ?? 'asked for'}`,
      explanation: `The package exists, this version of it does not (or is held back by a rule on its age)${phrase('; the newest is ', newest)}.`,
      fix: `Set ${name ?? 'it'} in package.json to a version that exists${phrase(', for example ', newest)}, install locally, and commit the lockfile.`,
    }),
  },
  {
    cause: 'integrity_mismatch',
    fault: 'transient',
    stages: ['install'],
    patterns: [
      { hints: ['eintegrity'], regex: /EINTEGRITY/, weight: 80, take: reached },
      {
        hints: ['tarball_integrity'],
        regex: /(?:GET (?<url>https?:\/\/\S+) error \()?ERR_PNPM_TARBALL_INTEGRITY/,
        weight: 85,
        take: withPackage,
      },
      {
        hints: ['integrity check failed'],
        regex: /Integrity check failed for "?(?<package>[^"\s]+)"?/,
        weight: 88,
        take: groups,
      },
    ],
    words: ({ package: name, url }) => ({
      title: `${name ?? url ?? 'A package'} is not what the lockfile says`,
      explanation:
        'The checksum of what was downloaded differs from the one in the lockfile: it was published again, or a cache or proxy changed it.',
      fix: `It is tried again with a fresh download. If it stays: remove ${name ?? 'the package'} from the lockfile, install locally, look at what changed, and commit.`,
    }),
  },
];

function latest(match: RegExpExecArray, { search }: Sight): Details {
  const found = search(/The latest release of \S+ is "(?<latest>[^"]+)"/, 8);
  return { ...groups(match), ...(found === null ? {} : groups(found)) };
}
