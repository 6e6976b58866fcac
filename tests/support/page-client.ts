/** A browser without scripts: opens pages, keeps cookies, and submits forms. */
import { request } from 'undici'

/** The headers with which browsers open a page; the OAuth library demands them. */
export const navigation = {
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  accept: 'text/html',
}

export interface Page {
  status: number
  headers: Headers
  html: string
  /** The visible text. */
  text: string
}

export class PageClient {
  readonly cookies = new Map<string, string>()
  readonly #url: string
  readonly #headers: Record<string, string>
  page: Page | undefined

  constructor(url: string, headers: Record<string, string> = {}) {
    this.#url = url
    this.#headers = headers
  }

  open(path: string, headers: Record<string, string> = {}): Promise<Page> {
    return this.#go('GET', path, { 'sec-fetch-site': 'none', ...headers })
  }

  /** Submits the page's form for `action` with these fields. */
  submit(
    action: string,
    fields: Record<string, string> = {},
    headers: Record<string, string> = {},
  ): Promise<Page> {
    const form = this.form(action)
    const body = new URLSearchParams({ ...form.hidden, ...fields })
    const from = { origin: new URL(this.#url).origin, 'sec-fetch-site': 'same-origin', ...headers }
    return this.#go('POST', action, from, body)
  }

  /** Submits the form of a sign-in page that does this. */
  async do(name: string, fields: Record<string, string> = {}, headers = {}): Promise<Page> {
    const forms = this.page!.html.matchAll(/<form [^>]*action="([^"]*)"[^>]*>(.*?)<\/form>/gs)
    const wanted = `name="do" value="${name}"`
    const [, action, inner] = [...forms].find(([, , text]) => text!.includes(wanted)) ?? []
    if (action === undefined) throw new Error(`no form does ${name} in: ${this.page!.text}`)
    const body = new URLSearchParams({ ...hiddenIn(inner!), ...fields })
    const from = { origin: new URL(this.#url).origin, 'sec-fetch-site': 'same-origin', ...headers }
    return this.#go('POST', plain(action), from, body)
  }

  /** The options of the passkey form that does this on a sign-in page. */
  passkeyOptions(name: 'passkey' | 'step'): { challenge: string } {
    const forms = this.page!.html.matchAll(/<form [^>]*data-options="([^"]*)"[^>]*>(.*?)<\/form>/gs)
    const [, options] =
      [...forms].find(([, , inner]) => inner!.includes(`name="do" value="${name}"`)) ?? []
    if (options === undefined) throw new Error(`no passkey form in: ${this.page!.text}`)
    return JSON.parse(plain(options))
  }

  /** A form of the page: its hidden fields, and its passkey options. */
  form(action: string): { hidden: Record<string, string>; options: { challenge: string } } {
    const all = this.page!.html.matchAll(/<form [^>]*action="([^"]*)"([^>]*)>(.*?)<\/form>/gs)
    const [, , rest, inner] = [...all].find(([, to]) => to === action) ?? []
    if (rest === undefined) throw new Error(`there is no form for ${action} in: ${this.page!.text}`)
    const hidden = hiddenIn(inner!)
    const options = /data-options="([^"]*)"/.exec(rest)?.[1]
    return { hidden, options: options === undefined ? undefined : JSON.parse(plain(options)) }
  }

  async #go(
    method: 'GET' | 'POST',
    path: string,
    headers: Record<string, string>,
    body?: URLSearchParams,
  ): Promise<Page> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    // Not `fetch`, which has Fetch Metadata headers of its own.
    const answer = await request(new URL(path, this.#url), {
      method,
      headers: {
        ...navigation,
        ...this.#headers,
        ...headers,
        ...(cookie && { cookie }),
        ...(body && { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' }),
      },
      ...(body && { body: body.toString() }),
    })
    const received = new Headers(
      Object.entries(answer.headers).flatMap(([name, value]) =>
        [value ?? []].flat().map((one): [string, string] => [name, one]),
      ),
    )
    for (const line of received.getSetCookie()) {
      const [, name, value] = /^([^=]*)=([^;]*)/.exec(line)!
      if (value === '') this.cookies.delete(name!)
      else this.cookies.set(name!, value!)
    }
    const onward = received.get('location')
    const html = await answer.body.text()
    if (onward !== null) return this.#go('GET', onward, { 'sec-fetch-site': 'same-origin' })
    const shown = /<body>(.*)<\/body>/s.exec(html)?.[1] ?? html
    const text = plain(shown.replace(/<(script|style|svg).*?<\/\1>/gs, '').replace(/<[^>]*>/g, ' '))
    this.page = { status: answer.statusCode, headers: received, html, text }
    return this.page
  }
}

/** Signs in with a password on the security pages; the second factor may still be required. */
export async function signedInPageClient(
  url: string,
  { handle, password }: { handle: string; password: string },
): Promise<PageClient> {
  const pages = new PageClient(url, { 'user-agent': 'a visitor of the tests' })
  await pages.open('/account/security')
  await pages.do('sign-in', { identifier: handle, password })
  return pages
}

function hiddenIn(form: string): Record<string, string> {
  const inputs = form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)
  return Object.fromEntries([...inputs].map(([, name, value]) => [name!, plain(value!)]))
}

function plain(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ')
}
