export { createCustomer, type Customer } from "./customer/customer.ts";
export { firstMessage, nextMessage } from "./customer/messages.ts";
