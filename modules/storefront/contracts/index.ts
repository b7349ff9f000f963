/** Nobody asks this module for anything but pages: it publishes no messages. */
export {};
