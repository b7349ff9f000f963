import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterwards } from './stage.js';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** A real browser, closed when the file is over. @throws Error that says what to install */
export async function openBrowser(): Promise<Browser> {
  const executablePath = [process.env['CHROMIUM'], ...PLACES].find((path) => path && existsSync(path));
  if (!executablePath)
    throw new Error('There is no browser to test with: install chromium (apt-get install chromium), or set CHROMIUM.');
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  afterwards(() => browser.close());
  return browser;
}
