import { platformConformance } from '../conformance/platform-conformance.ts';
import { openPlatform } from '../open-platform.ts';
import { openDockerSubject } from './docker-subject.ts';

platformConformance('docker', () => openDockerSubject(openPlatform), {
  timeoutMs: 60_000,
  skip: {
    'what is kept is shared by an environment’s instances and one-offs, outlives them, and is no other’s':
      'not there yet: such an app is refused, so that nothing is lost',
    'output is read from any offset on, in pieces':
      'the engine logs whole lines; container-log.docker.test.ts has lines',
    'the peak of an instance outlives it until it is removed': 'the engine forgets it when the container ends',
  },
});
