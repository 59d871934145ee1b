import { z } from 'zod';

const Vector = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.enum(['vector', 'scalar']),
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
});

/** The samples that Prometheus answers to an instant query, as numbers; rejects with its own words when it does not take the query. */
export async function query(prometheusUrl: string, expression: string): Promise<number[]> {
  const response = await fetch(
    `${prometheusUrl}/api/v1/query?${new URLSearchParams({ query: expression }).toString()}`,
  );
  const answer: unknown = await response.json();
  if (!response.ok) throw new Error(`${expression}: ${JSON.stringify(answer)}`);
  return Vector.parse(answer).data.result.map(({ value: [, text] }) => Number(text));
}
