import { existsSync } from 'node:fs';

/** Where Debian's `chromium-common` has it. */
const ICD = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** True where there is a Vulkan driver that needs no GPU (`node setup.mjs --test` installs it where it is to be had). */
export const hasSwiftShader = existsSync(ICD);

/** Lets a process find SwiftShader and no other driver. */
export const SWIFTSHADER_ENV = { VK_DRIVER_FILES: ICD };
