export async function slots(): Promise<object[]> {
  return [];
}
