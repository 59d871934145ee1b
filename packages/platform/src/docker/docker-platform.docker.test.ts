import { platformConformance } from '../conformance/platform-conformance.ts';
import { openPlatform } from '../open-platform.ts';
import { openDockerSubject } from './docker-subject.ts';

platformConformance('docker', () => openDockerSubject(openPlatform), {
  timeoutMs: 60_000,
  skip: {
    'output is read from any offset on, in pieces':
      'the engine logs whole lines; container-log.docker.test.ts has lines',
    'the peak of an instance outlives it until it is removed': 'the engine forgets it when the container ends',
  },
});
