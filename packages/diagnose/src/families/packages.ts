import { type Details, groups, named, phrase, type Rule, type Sight, sign, withNear } from '../rule.ts';
import { packageNear, reached, withPackage } from './registry-address.ts';

const addressed = (match: RegExpExecArray, sight: Sight): Details => ({
  ...reached(match, sight),
  ...withPackage(match),
});
/** `express@9.1.0`, as people write it. */
function spec(match: RegExpExecArray, sight: Sight): Details {
  const { package: name, wanted } = match.groups ?? {};
  const operator = /==|~=|>=/.exec(match[0])?.[0] ?? '@';
  return {
    ...groups(match),
    ...latest(sight),
    ...(name === undefined || wanted === undefined ? {} : { spec: `${name}${operator}${wanted}` }),
  };
}

export const packages: readonly Rule[] = [
  {
    cause: 'package_not_found',
    fault: 'user',
    stages: ['install', 'environment', 'package'],
    onlyThere: true,
    patterns: [
      sign('404', /404 Not Found - GET (?<url>https?:\/\/\S+)/, 88, withPackage),
      sign(
        ['is not in this registry', 'is not in the npm registry', 'could not be found or you do not have permission'],
        /'(?<package>(?:@[^@\s/]+\/)?[^@\s']+)@[^']*' (?:is not in (?:this|the npm) registry|could not be found)/,
        87,
      ),
      sign(
        'err_pnpm_fetch_404',
        /ERR_PNPM_FETCH_404\s+GET (?<url>https?:\/\/[^\s:]+(?::\d+)?[^\s:]*)/,
        90,
        withPackage,
      ),
      sign('- 404', /GET (?<url>https?:\/\/\S+) - 404/, 88, withPackage),
      sign('not found in the npm registry', /(?<package>(?:@[\w.-]+\/)?[\w.-]+) is not in the npm registry/, 88),
      sign("couldn't find package", /Couldn't find package "(?<package>[^"]+)"/, 90),
      sign('package not found', /(?<package>(?:@[\w.-]+\/)?[\w.-]+)@[^:\s]+: Package not found/, 89),
      sign(
        'request failed "404',
        /(?<url>https?:\/\/[^\s:]+(?::\d+)?[^\s":]*): Request failed "404 Not Found"/,
        88,
        withPackage,
      ),
      sign('request failed "404', /Request failed "404 Not Found"/, 82, addressed),
      sign('response code: 404', /Response Code: 404/, 87, (match, sight) => ({
        ...addressed(match, sight),
        ...groups(sight.search(packageNear[0], -4)),
      })),
      sign(
        ['could not find artifact', 'was not found in'],
        /Could not find artifact (?<package>[\w.:-]+)(?: in (?<registry>.+?))?(?: ->|$)|(?<artifact>[\w.]+:[\w.-]+:\S+) was not found in (?<host>https?:\/\/\S+)/,
        91,
        (match) => ({ ...groups(match), package: match.groups?.['package'] ?? match.groups?.['artifact'] ?? '' }),
      ),
      sign('could not find ', /Could not find (?<package>[\w.-]+:[\w.-]+:[\w.-]*\w)\.?$/, 90),
      sign(
        ['no matching distribution found for', 'could not find a version that satisfies'],
        /(?:No matching distribution found for|Could not find a version that satisfies the requirement) (?<package>[\w.-]+)(?: \(from versions: none\))?$/,
        84,
      ),
      sign(
        ['was not found in the package registry', 'not found in the package registry', 'no solution found'],
        /Because (?<package>[\w.-]+) was not found in the (?:package registry|provided package locations)/,
        92,
      ),
      sign(
        "doesn't match any versions",
        /Because \S+ depends on (?<package>[\w.-]+) \([^)]*\) which doesn't match any versions/,
        60,
      ),
      sign(
        ['could not find gem', 'could not find a valid gem'],
        /Could not find (?:gem|a valid gem) '(?<package>[\w-]+)(?: \((?<wanted>[^)]+)\))?'/,
        86,
        (match) => (match.groups?.['wanted'] !== undefined && match.groups['wanted'] !== '>= 0' ? null : groups(match)),
      ),
      sign(
        'could not find a matching version of package',
        /(?:Could not find (?:a matching version of )?package|requires) (?<package>[\w.-]+\/[\w.-]+)\.? (?:Check the package spelling|.{0,40}could not be found in any version)/,
        92,
      ),
      sign(
        'could not be found in any version',
        /(?:Root composer\.json )?requires (?<package>[\w.-]+\/[\w.-]+).{0,60}could not be found in any version/,
        92,
      ),
      sign(
        ['no matching package named', 'no matching package found'],
        /no matching package (?:named )?`(?<package>[\w-]+)` found/,
        92,
      ),
      sign(
        ['404 not found', '410 gone', 'unknown revision'],
        /(?:go: )?(?:reading |module )?(?<package>[\w.-]+\.\w+\/[\w./-]+)(?:@\S+)?: (?:reading https?:\S+: )?(?:404 Not Found|410 Gone|invalid version: unknown revision|module \S+: Get)/,
        88,
      ),
      sign(
        'repository not found',
        /module (?<package>[\w.-]+\/[\w./-]+): git ls-remote .*|(?<module>[\w.-]+\.\w+\/[\w./-]+)@\S+: .*[Rr]epository not found/,
        70,
      ),
      sign('module not found "', /Module not found "(?<package>(?:https?|jsr|npm):[^"]+)"/, 86),
      sign(
        ['error: package not found', 'npm package "'],
        /npm package "(?<package>[^"]+)" does not exist|JSR package not found: (?<jsr>\S+)/i,
        90,
      ),
      sign('failed to resolve', /^(?:error: )?(?<package>(?:@[\w.-]+\/)?[\w.-]+)@\S* failed to resolve/, 74),
    ],
    words: ({ package: name, module: other, url }) => ({
      title: `The registry has no package ${name ?? other ?? ''}`.trim(),
      explanation: `${url ?? 'The registry'} answered that it does not know it: the name is misspelt, the package was unpublished, or it is private and this registry is the wrong one for it.`,
      fix: `Check the name ${name ?? other ?? ''} in the manifest. If it is private, name its registry${typeof name === 'string' && name.startsWith('@') ? ` in .npmrc (\`${name.split('/')[0]}:registry=…\`)` : ''} and give a token.`.replace(
        '  ',
        ' ',
      ),
    }),
  },
  {
    cause: 'version_not_found',
    fault: 'user',
    stages: ['install'],
    patterns: [
      sign(
        'no matching version found for',
        /No matching version found for (?<package>(?:@[^@\s/]+\/)?[^@\s]+)@(?<wanted>[^\s]+?)\.?(?=\s|$)/,
        90,
        spec,
      ),
      sign(
        "couldn't find any versions for",
        /Couldn't find any versions for "(?<package>[^"]+)" that matches "(?<wanted>[^"]+)"/,
        91,
        spec,
      ),
      sign(
        ['no_mature_matching_version', 'minimumreleaseage'],
        /Version (?<wanted>\S+) .*of (?<package>\S+) does not meet the minimumReleaseAge/,
        93,
        spec,
      ),
      sign(
        ['no versions available for', 'with a date before', 'quarantine'],
        /No versions available for (?<package>(?:@[^@\s/]+\/)?[^@\s]+)(?:@(?<wanted>\S+))?|No matching version found for (?<name>\S+) with a date before/,
        91,
        spec,
      ),
      sign(
        'no matching distribution found for',
        /No matching distribution found for (?<package>[\w.-]+)(?:\[[^\]]*\])?(?:==|~=|>=|<=?|>|!=)(?<wanted>\S+)/,
        83,
        spec,
      ),
      sign(
        'could not find a version that satisfies the requirement',
        /Could not find a version that satisfies the requirement (?<package>[\w.-]+)(?:\[[^\]]*\])?(?:==|~=|>=)(?<wanted>\S+) \(from versions: (?<versions>.{0,300})\)?/,
        85,
        spec,
      ),
      sign(
        'no candidates found',
        /(?<package>(?:@[\w.-]+\/)?[\w.-]+)@(?:npm:)?(?<wanted>[^:\s]+): No candidates found/,
        91,
        spec,
      ),
      sign(
        'no version matching',
        /No version matching "(?<wanted>[^"]+)" found for specifier "(?<package>[^"]+)"/,
        91,
        spec,
      ),
      sign('package "', /Package "(?<package>[^"]+)" with tag "(?<wanted>[^"]+)" not found/, 91, spec),
      sign('code etarget', /^code (?<code>ETARGET)/, 70),
      sign(
        ["doesn't match any versions", 'there is no version of'],
        /depends on (?<package>[\w.-]+) \((?<wanted>[^)]*)\) which doesn't match any versions|there is no version of (?<name>[\w.-]+)==(?<version>[\w.]+)/,
        91,
        spec,
      ),
      sign(
        ['no versions of', 'are available'],
        /(?:only|no versions of) (?<package>[\w.-]+)[ =<>]*(?<wanted>[\w.=<>,]*) (?:is|are) available/,
        82,
        spec,
      ),
      sign(
        ['could not find gem', 'could not find a valid gem'],
        /Could not find (?:a valid )?gem '(?<package>[\w-]+) \((?<wanted>(?!>= 0\))[^)]+)\)'/,
        90,
        spec,
      ),
      sign('found in the gem repository', /(?<package>[\w-]+) \((?<wanted>[^)]+)\).*could not be found/i, 70, spec),
      sign(
        'could not find ',
        /Could not find (?<package>[\w-]+)-(?<wanted>\d[\w.]*) in (?:any of the sources|locally installed gems|rubygems)/,
        90,
        spec,
      ),
      sign(
        [
          'but these were not loaded',
          'but it does not match the constraint',
          'does not match your constraint',
          'found ',
        ],
        /requires (?<package>[\w.-]+\/[\w.-]+) (?<wanted>\S+)(?:,| ->) found .{0,200}(?:does not match|do not match)/,
        91,
        spec,
      ),
      sign(
        'failed to select a version for the requirement',
        /failed to select a version for the requirement `(?<package>[\w-]+) = "(?<wanted>[^"]+)"`/,
        92,
        spec,
      ),
      sign(
        'unknown revision',
        /(?<package>[\w.-]+\.\w+\/[\w./-]+)@(?<wanted>\S+): invalid version: unknown revision/,
        92,
        spec,
      ),
    ],
    words: ({ package: name, name: other, wanted, version, latest: newest, spec: full }) => ({
      title: `There is no ${full ?? `${name ?? other ?? 'package'} in version ${wanted ?? version ?? 'asked for'}`}`,
      explanation: `The package exists, this version of it does not (or is held back by a rule on its age)${phrase('; the newest is ', newest)}.`,
      fix: `Set ${name ?? other ?? 'it'} in the manifest to a version that exists${phrase(', for example ', newest)}, install locally, and commit the lockfile.`,
    }),
  },
  {
    cause: 'integrity_mismatch',
    fault: 'transient',
    stages: ['install'],
    patterns: [
      sign('eintegrity', /EINTEGRITY|sha\d+-\S+ integrity checksum failed/, 84, addressed),
      sign('integrity checksum failed', /integrity checksum failed when using (?<algorithm>\w+)/, 80, addressed),
      sign('tarball_integrity', /ERR_PNPM_TARBALL_INTEGRITY.*?"(?<url>https?:\/\/[^"]+)"/, 92, withPackage),
      sign('tarball_integrity', /(?:GET (?<url>https?:\/\/\S+) error \()?ERR_PNPM_TARBALL_INTEGRITY/, 70, withPackage, {
        warns: true,
      }),
      sign(
        'integrity check failed',
        /[Ii]ntegrity check failed for (?:tarball: )?"?(?<package>[^"\s]+)"?(?: \(computed integrity)?/,
        91,
      ),
      sign(
        "doesn't match the expected checksum",
        /(?:(?<package>(?:@[\w.-]+\/)?[\w.-]+)@\S+?: )?The remote archive doesn't match the expected checksum/,
        92,
      ),
      sign(
        ['do not match the hashes', 'hash mismatch', 'hashes are required'],
        /THESE PACKAGES DO NOT MATCH THE HASHES|Hash mismatch for `?(?<package>[\w.=-]+)`?|(?<go>verifying \S+): checksum mismatch/,
        90,
        withNear([/^\s+(?<package>[\w.-]+(?:==\S+)?) from /, 4]),
      ),
      sign('checksum mismatch', /verifying (?<package>\S+?): checksum mismatch/, 92),
      sign(
        ['checksum mismatch', 'expected checksum of'],
        /(?:[Cc]hecksum|hash)(?: of| for)? `?(?<package>[\w./@ -]+?)`? (?:could not be verified|mismatch|has changed|changed between lock files)/,
        82,
      ),
    ],
    words: ({ package: name, url }) => ({
      title: `${name ?? url ?? 'A package'} is not what the lockfile says`,
      explanation:
        'The checksum of what was downloaded differs from the one in the lockfile: it was published again, or a cache or proxy changed it.',
      fix: `It is tried again with a fresh download. If it stays: remove ${name ?? 'the package'} from the lockfile, install locally, look at what changed, and commit.`,
    }),
  },
  {
    cause: 'install_tool_crash',
    fault: 'transient',
    stages: ['install'],
    patterns: [
      sign('exit handler never called', /Exit handler never called!/, 88, named({ tool: 'npm' })),
      sign('this is an error with npm itself', /This is an error with npm itself/, 78, named({ tool: 'npm' })),
      sign(
        ['cannot read propert', "reading 'matches'", 'invalid version'],
        /^(?:npm error )?(?<message>Cannot read properties of (?:null|undefined) \(reading '(?:matches|pickAlgorithm|edgesOut|isDescendantOf|package|children|name|parent)'\)|Maximum call stack size exceeded|Tracker "idealTree" already exists)/,
        80,
        named({ tool: 'npm' }),
      ),
      sign('cb() never called', /cb\(\) never called!/, 88, named({ tool: 'npm' })),
      sign(
        'bun has crashed',
        /panic(?:\(main thread\))?: (?<message>.{0,120})|oh no: Bun has crashed/,
        80,
        (match, { output }) => (output.lowerCase.includes('bun') ? { tool: 'bun', ...groups(match) } : null),
      ),
      sign(
        'an unexpected error occurred: "',
        /An unexpected error occurred: "(?<message>(?!https?:)[^"]{1,160})"/,
        58,
        named({ tool: 'yarn' }),
      ),
      sign('err_pnpm_unexpected', /ERR_PNPM_UNEXPECTED_\w+\s+(?<message>.+)/, 74, named({ tool: 'pnpm' })),
      sign('internal error:', /^Internal Error: (?<message>.{1,160})/, 60, named({ tool: 'yarn' })),
    ],
    words: ({ tool, message }) => ({
      title: `${tool ?? 'The package manager'} itself crashed${phrase(': ', message)}`,
      explanation:
        'This is a mistake of the package manager (Exit handler never called! and its like), not of the project.',
      fix: `It is tried again by itself. If it stays: use another version of ${tool ?? 'the package manager'} (\`packageManager\` in package.json) or of Node.`,
    }),
  },
];

function latest({ search }: Sight): Details {
  return groups(search(/The latest release of \S+ is "(?<latest>[^"]+)"/, 8));
}
