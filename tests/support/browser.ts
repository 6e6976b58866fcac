/** A real browser: finding it, starting it, using it as a user does; a failed test prints what its pages showed. */
import { existsSync } from 'node:fs'
import {
  type BrowserContextOptions,
  type Browser as Chromium,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core'
import { describe, onTestFailed } from 'vitest'

/** The usual paths of Chromium; CHROMIUM_PATH names another. */
const browserPaths = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]

const browserPath = browserPaths.find((path) => path !== undefined && existsSync(path))

/** As `describe`; skips, and says so in the title, if there is no browser. */
export function describeInBrowser(title: string, tests: () => void): void {
  const missing = 'skipped: no browser is found here, CHROMIUM_PATH names one'
  const name = browserPath ? title : `${title} (${missing})`
  describe.runIf(browserPath)(name, { timeout: 180_000 }, tests)
}

export function startBrowser(): Promise<Chromium> {
  return chromium.launch({
    executablePath: browserPath!,
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  })
}

/**
 * Opens a page in a new browser context, without cookies by default. A failure of the test prints what it showed.
 */
export async function openPage(
  browser: Chromium,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-US', ...options })
  // A busy machine takes tens of seconds for what an idle one does in one.
  context.setDefaultTimeout(45_000)
  onTestFailed(async ({ task }) => {
    for (const page of context.pages()) {
      const shown = await page.locator('body').ariaSnapshot({ timeout: 5_000 }).catch(String)
      for (const error of task.result?.errors ?? []) error.message += `\n${page.url()}\n${shown}`
    }
  })
  return context.newPage()
}

/**
 * Types and presses `key` in this field, once it has the focus: keys pressed before that are lost.
 */
export async function typeInFocusedField(
  page: Page,
  field: string,
  text: string,
  key: 'Tab' | 'Enter',
): Promise<void> {
  await page.locator(`${field}:focus`).waitFor()
  await page.keyboard.type(text)
  await page.keyboard.press(key)
}

export async function submit(field: Locator, text: string): Promise<void> {
  await field.fill(text)
  await field.press('Enter')
}

/** Presses Tab until the element has the focus, and then Enter. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor()
  for (let i = 0; !(await hasFocus(page, target)); i++) {
    if (i === 40) throw new Error('40 times Tab do not lead there')
    await page.keyboard.press('Tab')
  }
  await page.keyboard.press('Enter')
}

async function hasFocus(page: Page, target: Locator): Promise<boolean> {
  return (await target.and(page.locator(':focus')).count()) > 0
}
