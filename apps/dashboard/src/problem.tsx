import { ApiError } from '@switchyard/client';

/** What went wrong between the page and the api, in words. */
export function Problem({ error }: { error: unknown }) {
  const { title, detail } = problemWords(error);
  return (
    <div className="problem" role="alert">
      <strong>{title}</strong>
      <span>{detail}</span>
    </div>
  );
}

function problemWords(error: unknown): { title: string; detail: string } {
  if (error instanceof ApiError) return { title: error.problem.title, detail: error.problem.detail };
  return {
    title: 'The page does not understand the api',
    detail: 'Load the page again; if that does not help, page and api may be of different versions.',
  };
}
