/**
 * The authorization page reads what an app has pushed (PAR), and nothing else. What stands in the address of the page is
 * nobody's word: the provider would take it, and send the browser with its errors to wherever it says, registered or not.
 */
const page = '/oauth/authorize'
/** The last is the provider's own: whether the browser keeps cookies. */
const read = ['client_id', 'request_uri', 'redirect-test']

/** The address of a request, without what is not read. */
export function dropUnpushedParams(url: string): string {
  const [path, query = ''] = url.split(/\?(.*)/s)
  if (path !== page) return url
  const given = new URLSearchParams(query)
  const kept = read.flatMap((name): [string, string][] => {
    const value = given.get(name)
    return value === null ? [] : [[name, value]]
  })
  return `${page}?${new URLSearchParams(kept)}`
}
