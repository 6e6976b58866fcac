/** A browser without scripts: opens pages, keeps cookies, and submits forms. */

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

  /** A form of the page: its hidden fields, and its passkey options. */
  form(action: string): { hidden: Record<string, string>; options: { challenge: string } } {
    const all = this.page!.html.matchAll(/<form [^>]*action="([^"]*)"([^>]*)>(.*?)<\/form>/gs)
    const [, , rest, inner] = [...all].find(([, to]) => to === action) ?? []
    if (rest === undefined) throw new Error(`there is no form for ${action} in: ${this.page!.text}`)
    const inputs = inner!.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)
    const hidden = Object.fromEntries([...inputs].map(([, name, value]) => [name, plain(value!)]))
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
    const answer = await fetch(new URL(path, this.#url), {
      method,
      redirect: 'manual',
      headers: { ...this.#headers, ...headers, ...(cookie && { cookie }) },
      ...(body && { body }),
    })
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]*)=([^;]*)/.exec(line)!
      if (value === '') this.cookies.delete(name!)
      else this.cookies.set(name!, value!)
    }
    const onward = answer.headers.get('location')
    const html = await answer.text()
    if (onward !== null) return this.#go('GET', onward, { 'sec-fetch-site': 'same-origin' })
    const shown = /<body>(.*)<\/body>/s.exec(html)?.[1] ?? html
    const text = plain(shown.replace(/<(script|style|svg).*?<\/\1>/gs, '').replace(/<[^>]*>/g, ' '))
    this.page = { status: answer.status, headers: answer.headers, html, text }
    return this.page
  }
}

/** Signs in with a password at the security pages; the second factor may still be required. */
export async function signedInPageClient(
  url: string,
  { handle, password }: { handle: string; password: string },
): Promise<PageClient> {
  const pages = new PageClient(url, { 'user-agent': 'a visitor of the tests' })
  await pages.open('/account/security')
  await pages.submit('/account/security/sign-in', { identifier: handle, password })
  return pages
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
