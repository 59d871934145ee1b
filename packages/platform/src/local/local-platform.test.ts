import { openLocalSubject } from '../conformance/local-subject.ts';
import { platformConformance } from '../conformance/platform-conformance.ts';
import { openPlatform } from '../open-platform.ts';

platformConformance('local', () => openLocalSubject(openPlatform));
