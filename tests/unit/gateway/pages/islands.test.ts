import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { assetRoutes, islandTags } from '#src/gateway/pages/islands.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

const app = new Hono<Env>()
assetRoutes(app)

it('an asset is cached for good at the path with its hash only, and is not found by another name', async () => {
  const other = await app.request('/assets/time.000000000000.js')
  expect(other.headers.get('cache-control')).toBe('no-store')
  expect(other.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  const { createHash } = await import('node:crypto')
  const hash = createHash('sha256')
    .update(await other.text())
    .digest('hex')
    .slice(0, 12)
  const same = await app.request(`/assets/time.${hash}.js`)
  expect(same.headers.get('cache-control')).toMatch(/immutable/)
  for (const path of ['nothing.000000000000.js', 'time.js', '..%2Fshell.ts', 'constructor.x.js']) {
    expect([path, (await app.request(`/assets/${path}`)).status]).toEqual([path, 404])
  }
})

it('each island is in a page once, with the nonce of the page', () => {
  const tags = String(islandTags('abc', ['time', 'passkey', 'time']))
  expect(tags.match(/<script type="module" nonce="abc">/g)).toHaveLength(2)
  // The text of a script ends at the first end tag.
  expect(tags.match(/<\/script/g)).toHaveLength(2)
})

it('the charts load uPlot as a module, and its styles with the nonce of the page', async () => {
  const tags = String(islandTags('abc', ['chart']))
  const [, style = ''] = /<link rel="stylesheet" nonce="abc" href="([^"]+)">/.exec(tags) ?? []
  const css = await (await app.request(style)).text()
  expect(css).toContain('.u-over')
  expect(css).not.toContain('@import')
  const [, path = ''] = /nonce="abc" src="([^"]+)"/.exec(tags) ?? []
  const island = await (await app.request(path)).text()
  const [, library = ''] = /from '(\/assets\/uplot\.\w+\.js)'/.exec(island) ?? []
  const script = await app.request(library)
  expect(script.headers.get('cache-control')).toMatch(/immutable/)
  const { default: uPlot } = await import(
    `data:text/javascript,${encodeURIComponent(`const document = { addEventListener() {} }\n${await script.text()}`)}`
  )
  expect(uPlot.rangeNum).toBeTypeOf('function')
})
