/** `headwater status` and `headwater request-crawl`: the server as a whole. */
import type { Command } from '#src/cli/command.ts'
import { createServerClient } from '#src/cli/server-client.ts'

const status: Command = {
  name: 'status',
  summary: 'Show how the server is',
  run: ({ server }) => server.get('_admin/status'),
}

const requestCrawl: Command = {
  name: 'request-crawl',
  summary: 'Ask relays to crawl this server; those of PDS_CRAWLERS unless you name some',
  operands: '[relay URL …]',
  operandCount: [0, 20],
  options: {
    hostname: {
      type: 'string',
      value: 'HOST',
      help: 'the name to be crawled under; of --url unless said',
    },
  },
  async run({ server, operands: relays, options }) {
    const hostname = String(options['hostname'] ?? new URL(server.url).host)
    if (relays.length === 0) {
      await server.post('com.atproto.sync.requestCrawl', { hostname })
      return { hostname, asked: 'the crawlers of the server' }
    }
    for (const relay of relays) {
      const url = relay.includes('://') ? relay.replace(/\/+$/, '') : `https://${relay}`
      await createServerClient(url, undefined).post('com.atproto.sync.requestCrawl', { hostname })
    }
    return { hostname, asked: relays }
  },
}

export const serverCommands: readonly Command[] = [status, requestCrawl]
