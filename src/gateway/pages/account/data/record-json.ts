/** A record as indented JSON, in which AT URIs, files and web addresses are links. */
import { html } from 'hono/html'
import { blobHref, recordHref } from '#src/gateway/pages/account/data/paths.ts'
import type { Html } from '#src/gateway/pages/shell.ts'

/** Characters; the rest is left out. */
const MAX_JSON = 12_000

/** `blobs` are the CIDs that lead to files. */
export function jsonView(
  did: string,
  value: unknown,
  blobs: ReadonlySet<string>,
): { view: Html; isCut: boolean } {
  const text = JSON.stringify(value, null, 2)
  const isCut = text.length > MAX_JSON
  const shown = isCut ? text.slice(0, text.lastIndexOf('\n', MAX_JSON)) : text
  // Odd parts are strings.
  const parts = shown.split(/("(?:[^"\\]|\\.)*")/)
  const linked = parts.map((part, i) => (i % 2 === 0 ? part : stringView(did, part, blobs)))
  return { view: html`<pre class="json" tabindex="0">${linked}${isCut ? '\n…' : ''}</pre>`, isCut }
}

function stringView(did: string, literal: string, blobs: ReadonlySet<string>): Html | string {
  const text = JSON.parse(literal) as string
  if (text.startsWith('at://')) return html`"${atUriLink(did, text)}"`
  if (blobs.has(text)) return html`"<a href="${blobHref(did, text)}">${text}</a>"`
  if (!/^https:\/\/\S+$/.test(text) || URL.parse(text) === null) return literal
  return html`"<a href="${text}" rel="noopener noreferrer nofollow">${text}</a>"`
}

/** A record of the account `did` leads to its page, other ones to the app that shows them. */
export function atUriLink(did: string, uri: string): Html | string {
  const [, authority = '', collection = '', rkey = ''] =
    /^at:\/\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(uri) ?? []
  if (authority === did) return html`<a href="${recordHref(`${collection}/${rkey}`)}">${uri}</a>`
  const profile = `https://bsky.app/profile/${encodeURIComponent(authority || uri)}`
  const href = {
    'app.bsky.feed.post': `${profile}/post/${encodeURIComponent(rkey)}`,
    'app.bsky.graph.list': `${profile}/lists/${encodeURIComponent(rkey)}`,
    'app.bsky.feed.generator': `${profile}/feed/${encodeURIComponent(rkey)}`,
    'app.bsky.actor.profile': profile,
  }[collection]
  if (href === undefined && !/^did:[a-z]+:[\w.:%-]+$/.test(uri)) return uri
  return html`<a href="${href ?? profile}" rel="noopener noreferrer nofollow">${uri}</a>`
}
