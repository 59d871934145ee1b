import { openLocalSubject } from '../conformance/local-subject.ts';
import { platformConformance } from '../conformance/platform-conformance.ts';
import { openLocalPlatform } from './local-platform.ts';

platformConformance(
  'local without namespaces',
  () =>
    openLocalSubject((options) =>
      openLocalPlatform(options, {
        chooseGuard: async () => ({ mode: 'group', prefix: [] }),
        chooseOverlays: async () => ({ refused: 'as the test wants it' }),
      }),
    ),
  {
    skip: {
      'nothing of a run outlives the process that called it':
        'a process group does not end with the process that made it',
    },
  },
);
