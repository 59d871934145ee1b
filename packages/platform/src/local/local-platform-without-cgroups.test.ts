import { openLocalSubject } from '../conformance/local-subject.ts';
import { platformConformance } from '../conformance/platform-conformance.ts';
import { findGuard } from './guard.ts';
import { openLocalPlatform } from './local-platform.ts';
import { openRlimitControl } from './resources/rlimit-control.ts';

platformConformance(
  'local without control groups',
  () => openLocalSubject((options) => openLocalPlatform(options, findGuard, async () => openRlimitControl())),
  {
    skip: {
      'a fork bomb gets no further than its processes, and nothing of it is left':
        'without control groups processes are counted every now and then, and ended when there are too many',
    },
  },
);
