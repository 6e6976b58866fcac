/** Size and first byte of every page, on a server with much in it: `npx node bench/pages.ts`. */
import { parseArgs } from 'node:util'
import { navigation, signedInPageClient } from '#tests/support/page-client.ts'
import { areas, fillServer, pagesOf } from './filled-server.ts'
import { quantiles } from './measure.ts'
import { startHeadwater, stopServers } from './servers.ts'
import { XrpcClient } from './xrpc-client.ts'

const { values: options } = parseArgs({
  options: {
    /** Records of the account whose pages are opened. */
    records: { type: 'string', default: '10000' },
    /** Accounts of its tenant. */
    accounts: { type: 'string', default: '1000' },
    /** Times that each page is opened. */
    times: { type: 'string', default: '20' },
  },
})
const adminPassword = 'bench'
try {
  const server = await startHeadwater({
    PDS_ADMIN_PASSWORD: adminPassword,
    PDS_RATE_LIMITS_ENABLED: 'false',
  })
  // Pages are only served at the address of the server, which is a name.
  const url = server.url.replace('127.0.0.1', 'localhost')
  const client = new XrpcClient(url)
  const sizes = { records: Number(options.records), accounts: Number(options.accounts) }
  const owner = await fillServer(client, adminPassword, sizes)
  const browser = await signedInPageClient(url, owner)
  await browser.open('/admin')
  await browser.submit('/admin/sign-in', { password: adminPassword })
  const headers = {
    ...navigation,
    'sec-fetch-site': 'none',
    cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
  }
  const paths = ['/', '/status']
  const open = async (path: string) => {
    const { status, html } = await browser.open(path)
    if (status !== 200) throw new Error(`${path}: ${status}`)
    return html
  }
  for (const area of areas) paths.push(...(await pagesOf(area, open)))
  console.log('| page | KB | first byte p50 ms | p99 |\n| --- | ---: | ---: | ---: |')
  for (const path of paths) {
    const times: number[] = []
    let bytes = 0
    for (let n = 0; n < Number(options.times); n++) {
      const page = await client.fetch(path, headers)
      times.push(page.firstByte)
      bytes = page.bytes
    }
    const { p50, p99 } = quantiles(times)
    console.log(
      `| ${path} | ${(bytes / 1000).toFixed(1)} | ${p50.toFixed(1)} | ${p99.toFixed(1)} |`,
    )
  }
  await client.close()
} finally {
  await stopServers()
}
