export { keyText } from '@sophia/core';
