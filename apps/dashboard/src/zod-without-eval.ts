import { config } from 'zod';

// Loaded before any schema is made. zod would try whether it may compile code at run time, and the page's content security policy forbids
// it: each try would be reported as a violation.
config({ jitless: true });
