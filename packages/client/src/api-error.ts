import { Problem } from '@switchyard/domain';

/** An answer that is no success, with the problem document that explains it. */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem;
  /** How long the server asks to wait before another try; null when it does not say. */
  readonly retryAfterMs: number | null;

  constructor(problem: Problem, retryAfterMs: number | null = null) {
    super(problem.detail);
    this.name = 'ApiError';
    this.status = problem.status;
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }

  get code(): string {
    return this.problem.code;
  }

  /** Whether the same request may succeed later without anybody changing anything. */
  get isTransient(): boolean {
    return this.problem.fault === 'transient' || this.status === 429;
  }
}

/** Reads the problem document of an answer, or words one where something between us and the api answered in its stead. */
export async function apiErrorOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  const seconds = response.headers.get('retry-after');
  const retryAfterMs = seconds !== null && /^\d+$/.test(seconds) ? Number(seconds) * 1_000 : null;
  const parsed = Problem.safeParse(parseJson(text));
  if (parsed.success) return new ApiError(parsed.data, retryAfterMs);
  const isOurs = response.status < 500;
  return new ApiError(
    {
      type: 'about:blank',
      title: response.statusText || 'Unexpected answer',
      status: response.status,
      detail: `The server answered ${response.status} without saying why; is this address Switchyard’s api?`,
      code: isOurs ? 'unexpected-answer' : 'unavailable',
      fault: isOurs ? 'user' : 'transient',
    },
    retryAfterMs,
  );
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
