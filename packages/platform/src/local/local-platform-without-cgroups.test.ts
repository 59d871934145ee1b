import { openLocalSubject } from '../conformance/local-subject.ts';
import { platformConformance } from '../conformance/platform-conformance.ts';
import { openLocalPlatform } from './local-platform.ts';
import { openRlimitControl } from './resources/rlimit-control.ts';

platformConformance(
  'local without control groups',
  () => openLocalSubject((options) => openLocalPlatform(options, { chooseResources: async () => openRlimitControl() })),
  {
    skip: {
      'the limits of an instance hold, and their end is seen, although what started it was killed':
        'the process that starts it chooses for itself what holds it, and here that is control groups',
      'a fork bomb gets no further than its processes, and nothing of it is left':
        'without control groups processes are counted every now and then, and ended when there are too many',
    },
  },
);
