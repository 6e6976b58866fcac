/**
 * Islands: the scripts of pages, each a file of `islands/` that runs in the browser as it is, without a build. Small ones are
 * inline; others are at /assets/<name>.<hash>.js, which browsers cache.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { Hono } from 'hono'
import { html, raw } from 'hono/html'
import type { Html } from '#src/gateway/pages/shell.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

/**
 * `passkey` runs passkey forms, `time` makes times local, `live` applies the patches of a page stream, `palette` searches the
 * links of the page, `copy` copies a text, `download` shows how much of a file has arrived, `recovery` creates a recovery key,
 * and `chart` draws charts that can be read.
 */
export type Island =
  | 'passkey'
  | 'time'
  | 'live'
  | 'palette'
  | 'copy'
  | 'download'
  | 'recovery'
  | 'chart'

/** Those without which a form does not work, or that are shorter than a request for them. */
const inlined: readonly Island[] = ['passkey', 'time']
/** Those that fetch from this server. */
const fetching: readonly Island[] = ['live', 'palette', 'download']

interface Asset {
  name: string
  type: string
  path: string
  text: string
}

const folder = new URL('islands/', import.meta.url)
const uplot = new URL('../../../node_modules/uplot/dist/', import.meta.url)
/** Of packages. The script of uPlot defines a global; as a module it exports that. */
const packaged: Readonly<Record<string, { file: URL; end?: string }>> = {
  'uplot.js': { file: new URL('uPlot.iife.min.js', uplot), end: '\nexport default uPlot\n' },
  'uplot.css': { file: new URL('uPlot.min.css', uplot) },
}
const types: Readonly<Record<string, string>> = { js: 'text/javascript', css: 'text/css' }

/** By name, such as `time.js`. An island imports another one, or a file of a package, as `/assets/<name>`. */
const assets = new Map<string, Asset>()
for (const name of readdirSync(folder)) load(name)

export function assetRoutes(app: Hono<Env>): void {
  app.get('/assets/:file', (c, next) => {
    const [base, hash, extension] = c.req.param('file').split('.')
    const asset = assets.get(`${base}.${extension}`)
    if (asset === undefined) return next()
    // A page of another release, during an upgrade, gets the script of this release.
    const isSame = asset.path.includes(`.${hash}.`)
    return new Response(asset.text, {
      headers: {
        'content-type': `${asset.type}; charset=utf-8`,
        'cache-control': isSame ? 'public, max-age=31536000, immutable' : 'no-store',
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'same-origin',
      },
    })
  })
}

/** The elements that load islands; scripts that they import are allowed by the same nonce. */
export function islandTags(nonce: string, islands: readonly Island[]): Html {
  return html`${[...new Set(islands)].map((name) => {
    const { path, text } = load(`${name}.js`)
    const style = assets.get(`${name}.css`)
    const link = style && html`<link rel="stylesheet" nonce="${nonce}" href="${style.path}">`
    return inlined.includes(name)
      ? html`<script type="module" nonce="${nonce}">${raw(text)}</script>`
      : html`${link ?? ''}<script type="module" nonce="${nonce}" src="${path}"></script>`
  })}`
}

export function canFetch(islands: readonly Island[]): boolean {
  return islands.some((name) => fetching.includes(name))
}

/** Throws ENOENT for a file that is not in the folder. */
function load(name: string): Asset {
  const known = assets.get(name)
  if (known !== undefined) return known
  const { file, end = '' } = packaged[name] ?? { file: new URL(name, folder) }
  const text = `${readFileSync(file, 'utf8')}${end}`
    // What a style sheet imports has no nonce, so it is put into it.
    .replaceAll(/@import "\/assets\/(\w+\.css)";/g, (_, imported: string) => load(imported).text)
    .replaceAll(
      /(['"])\/assets\/(\w+\.js)\1/g,
      (_, quote: string, imported: string) => `${quote}${load(imported).path}${quote}`,
    )
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 12)
  const [base = '', extension = ''] = name.split('.')
  const type = types[extension] ?? 'application/octet-stream'
  const asset = { name, type, path: `/assets/${base}.${hash}.${extension}`, text }
  assets.set(name, asset)
  return asset
}
