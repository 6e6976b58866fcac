/** What a start prints once the server can be used. */
import type { Config } from '#src/config/config.ts'
import type { DataFolder } from '#src/data-folder.ts'

/** `url` is the one that the gateway listens on; undefined in a process without one. */
export function welcome(
  config: Config,
  folder: Pick<DataFolder, 'path' | 'at'>,
  { url, plcUrl }: { url?: string | undefined; plcUrl?: string | undefined },
): string {
  const { publicUrl } = config.gateway
  if (url === undefined) return `Headwater (${config.role}) stores its data in ${folder.path}`
  const isDevelopment = config.mode === 'development'
  const rows = [
    ['Server', `${publicUrl} (listens on ${url})`],
    ['Accounts', `${publicUrl}/account`],
    ['Data', folder.path],
    ...(isDevelopment && plcUrl !== undefined ? [['PLC directory', plcUrl]] : []),
    ...(config.mail.server === undefined ? [['Mails', `${folder.at('mail')} (not sent)`]] : []),
    ['Admin', `user admin, password in ${passwordPlace(config, folder)}`],
    ['Commands', 'npx headwater --help'],
  ]
  const width = Math.max(...rows.map(([name]) => name!.length))
  const lines = [
    `Headwater is at ${publicUrl}`,
    ...rows.map(([name, value]) => `  ${name!.padEnd(width)}  ${value}`),
  ]
  return [...lines, ...(isDevelopment ? firstCall(publicUrl) : [])].join('\n')
}

function passwordPlace({ secrets }: Config, folder: Pick<DataFolder, 'at'>): string {
  if (secrets.adminPassword !== undefined) return 'PDS_ADMIN_PASSWORD'
  return `${folder.at('secrets.json')} (adminPassword)`
}

function firstCall(publicUrl: string): string[] {
  const body = '{"handle":"alice.test","email":"alice@example.com","password":"correct horse"}'
  return [
    'Create an account:',
    `  curl -H 'content-type: application/json' -d '${body}' \\`,
    `    ${publicUrl}/xrpc/com.atproto.server.createAccount`,
    'Press Ctrl-C to stop.',
  ]
}
