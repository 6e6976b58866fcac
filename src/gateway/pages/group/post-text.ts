/** A post as it is typed: its length as apps count it, and its links, mentions and tags. */

/** app.bsky.feed.post allows as many. */
export const MAX_GRAPHEMES = 300

/** Of app.bsky.richtext.facet; the indexes count bytes of UTF-8. */
export interface Facet {
  index: { byteStart: number; byteEnd: number }
  features: [{ $type: string } & Record<string, string>]
}

export function graphemesOf(text: string): number {
  return [...new Intl.Segmenter().segment(text)].length
}

const links = /(?<=^|[\s(])https?:\/\/[^\s]+/g
const mentions = /(?<=^|[\s(])@([a-z0-9-]+(?:\.[a-z0-9-]+)+)/gi
const tags = /(?<=^|\s)#([^\s#]{1,64})/gu

/** `find` looks up the DID of a handle; a mention of none stays plain text. */
export async function facetsOf(
  text: string,
  find: (handle: string) => Promise<string | undefined>,
): Promise<Facet[]> {
  const facets: Facet[] = []
  const add = (start: number, part: string, feature: Facet['features'][0]) => {
    const byteStart = Buffer.byteLength(text.slice(0, start))
    const byteEnd = byteStart + Buffer.byteLength(part)
    facets.push({ index: { byteStart, byteEnd }, features: [feature] })
  }
  for (const { 0: match, index } of text.matchAll(links)) {
    const uri = match.replace(/[.,;:!?)'"]+$/, '')
    if (URL.canParse(uri)) add(index, uri, { $type: `${FACET}#link`, uri })
  }
  for (const { 0: match, 1: handle = '', index } of text.matchAll(mentions)) {
    const did = await find(handle)
    if (did !== undefined) add(index, match, { $type: `${FACET}#mention`, did })
  }
  for (const { 1: name = '', index } of text.matchAll(tags)) {
    const tag = name.replace(/\p{P}+$/u, '')
    if (tag !== '' && !/^\d+$/.test(tag)) add(index, `#${tag}`, { $type: `${FACET}#tag`, tag })
  }
  return facets.sort((a, b) => a.index.byteStart - b.index.byteStart)
}

const FACET = 'app.bsky.richtext.facet'
